"""The ledger of issued headers: the evidence of who was given what (a header's label can be forged)."""

from django.db import models


class HeaderIssue(models.Model):
    """One header that left the portal. Ids are text, so the ledger outlives what it speaks of."""

    grant = models.CharField(max_length=40)
    revision = models.CharField(max_length=40)
    file = models.CharField(max_length=40)
    key = models.CharField(max_length=40)
    header_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["revision", "key"], name="header_issue_revision"),
            models.Index(fields=["grant", "at"], name="header_issue_grant"),
        ]

    def __str__(self) -> str:
        return f"{self.file} for {self.grant}"
