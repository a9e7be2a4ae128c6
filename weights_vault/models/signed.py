"""The short-lived signed statements the portal hands out: heads and the trust document."""

from django.db import models

from weights_vault.models.catalog import Release


class HeadRecord(models.Model):
    """The newest signed head of a release; replaced, never kept, because only the newest counts."""

    release = models.OneToOneField(Release, on_delete=models.CASCADE, related_name="head")
    envelope = models.BinaryField()
    issued = models.DateTimeField()
    expires = models.DateTimeField()

    def __str__(self) -> str:
        return f"head of {self.release.slug}"


class TrustRecord(models.Model):
    """A signed trust document. A change of keys makes a new sequence number; the newest is handed out.

    keys_sha256: digest of the keys by role, to notice a change.
    """

    sequence = models.PositiveIntegerField(unique=True)
    keys_sha256 = models.CharField(max_length=64)
    envelope = models.BinaryField()
    issued = models.DateTimeField()
    expires = models.DateTimeField()

    class Meta:
        ordering = ["-sequence"]

    def __str__(self) -> str:
        return f"trust document {self.sequence}"
