"""Revisions and their files."""

from django.db import models
from django.db.models import Q

from portal.core.ids import public_id
from weights_vault.models.bodies import SealedBody
from weights_vault.models.catalog import Release


def revision_id() -> str:
    return public_id("rev")


def file_id() -> str:
    return public_id("fil")


class Revision(models.Model):
    """A set of files under one signed manifest; immutable once published.

    sequence: rises by one with each published revision of the release; absent until published.
    manifest: the signed envelope, byte for byte as recipients get it.
    """

    class State(models.TextChoices):
        SEALING = "sealing", "Sealing"
        GATED = "gated", "Gated"
        PUBLISHED = "published", "Published"
        QUARANTINED = "quarantined", "Quarantined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    id = models.CharField(primary_key=True, max_length=40, default=revision_id, editable=False)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="revisions")
    name = models.CharField(max_length=64)
    sequence = models.PositiveIntegerField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.SEALING)
    state_reason = models.TextField(blank=True)
    previous = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    manifest = models.BinaryField(null=True, blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    gate_report = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=64)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["release", "-sequence", "-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["release", "name"], name="revision_name_once"),
            models.UniqueConstraint(fields=["release", "sequence"], name="revision_sequence_once"),
            models.CheckConstraint(
                condition=Q(state__in=["sealing", "gated", "published", "quarantined", "withdrawn"]),
                name="revision_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["sealing", "gated"], published_at__isnull=True)
                | (
                    Q(
                        state__in=["published", "quarantined", "withdrawn"],
                        published_at__isnull=False,
                        sequence__isnull=False,
                        manifest__isnull=False,
                    )
                    & ~Q(manifest_sha256="")
                ),
                name="revision_published_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.release.slug}@{self.name}"

    @property
    def available(self) -> bool:
        """Recipients may have it now."""
        return self.state == self.State.PUBLISHED

    @property
    def size(self) -> int:
        """Plaintext bytes of all files."""
        return sum(file.size for file in self.files.all())


class File(models.Model):
    """One path of a revision. An unchanged file of a new revision shares its body."""

    id = models.CharField(primary_key=True, max_length=40, default=file_id, editable=False)
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=512)
    kind = models.CharField(max_length=16)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the plaintext; empty while sealing.")
    body = models.ForeignKey(SealedBody, on_delete=models.PROTECT, related_name="files")
    tensors = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "path"], name="file_path_once"),
            models.CheckConstraint(condition=Q(size__gte=0), name="file_size_sane"),
        ]

    def __str__(self) -> str:
        return self.path
