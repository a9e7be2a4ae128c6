"""Alerts: patterns in the ledger that a release manager should look at. A pattern alone proves nothing."""

from django.db import models
from django.db.models import Q

from portal.core.ids import public_id


def alert_id() -> str:
    return public_id("alr")


class Alert(models.Model):
    """One rule that one grant went over in one stretch of time: open → acknowledged, with a note.

    rule: its code (weights_vault/ledger/rules.py). measured, threshold: what was counted and what the rule
    allowed then. span: number of the window since 1970; from_at, to_at: the entries that were counted.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACKNOWLEDGED = "acknowledged", "Looked at"

    id = models.CharField(primary_key=True, max_length=40, default=alert_id, editable=False)
    rule = models.CharField(max_length=32)
    grant = models.CharField(max_length=40)
    person = models.CharField(max_length=40)
    release = models.CharField(max_length=100, help_text="Slug.")
    measured = models.FloatField()
    threshold = models.FloatField()
    span = models.BigIntegerField()
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    raised_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    note = models.TextField(blank=True)
    acknowledged_by = models.CharField(max_length=40, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-raised_at", "-id"]
        indexes = [models.Index(fields=["state", "-raised_at"], name="alert_state")]
        constraints = [
            models.UniqueConstraint(fields=["rule", "grant", "span"], name="alert_once"),
            models.CheckConstraint(
                condition=Q(state="open", note="", acknowledged_by="", acknowledged_at__isnull=True)
                | (
                    Q(state="acknowledged", acknowledged_at__isnull=False)
                    & ~Q(note="")
                    & ~Q(acknowledged_by="")
                ),
                name="alert_note_with_its_author",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} of {self.grant}"
