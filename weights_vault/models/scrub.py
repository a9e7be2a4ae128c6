"""What the scrubber knows of each stored body: one row a body, however large it is."""

from django.db import models
from django.db.models import Q

from weights_vault.models.bodies import SealedBody


class BodyCheck(models.Model):
    """How far the reading of one stored body has come, and what it found.

    checked_at: end of the last complete reading. position: parts read in the one under way. seen: numbers of
    the parts that it found damaged so far. finding, parts: what is wrong by the last word, open until a
    complete reading finds nothing. reported_at: the release managers were told. failed_at: the last time the
    store could not be read, which says nothing about the body.
    """

    class Finding(models.TextChoices):
        NONE = "", "Sound"
        MISSING = "missing", "Missing"
        RESIZED = "resized", "Of another size"
        ROTTED = "rotted", "Damaged"

    body = models.OneToOneField(
        SealedBody, primary_key=True, on_delete=models.CASCADE, related_name="check_row"
    )
    checked_at = models.DateTimeField(null=True)
    position = models.PositiveIntegerField(default=0)
    seen = models.JSONField(default=list)
    finding = models.CharField(max_length=16, blank=True, choices=Finding.choices, default=Finding.NONE)
    parts = models.JSONField(default=list)
    found_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(finding="", found_at__isnull=True)
                | Q(finding__in=["missing", "resized", "rotted"], found_at__isnull=False),
                name="body_finding_known_and_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"check of {self.body_id}"
