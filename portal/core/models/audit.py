"""One line of the audit log."""

from typing import Any

from django.db import models


class AuditEvent(models.Model):
    """What happened, when, by whom and to what.

    No foreign keys: history outlives what it speaks of. Rows are only ever added; triggers in the database
    refuse everything else (portal/core/append_only.py).
    """

    index = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=64)
    by = models.CharField(max_length=64, help_text="usr_… or system:<what>")
    subject = models.CharField(max_length=96, help_text="such as request:req_…")
    data = models.JSONField(default=dict)

    # The private values that still stand, once they were read (portal.core.audit.tell); no column.
    disclosed: dict[str, Any] | None = None

    class Meta:
        ordering = ["index"]
        indexes = [
            models.Index(fields=["subject", "index"], name="core_audit_subject"),
            models.Index(fields=["kind", "index"], name="core_audit_kind"),
            models.Index(fields=["by", "index"], name="core_audit_by"),
            models.Index(fields=["at"], name="core_audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.index} {self.kind} {self.subject}"
