"""One line of the audit log."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from django.db import models

MOST_NESTED = 12  # levels; what the portal records has three, and a proof carries up to 16

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


class EventData(models.JSONField):
    """JSON that is read whatever stands in the column.

    Whoever owns the database can write numbers of thousands of digits, or levels without end, which Python
    refuses to read: its digest is read then, so that one such row stops neither the signer nor a page. How
    deep is too deep is fixed here: the interpreter's own limit depends on who asks.
    """

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Return what the column holds, or {"unwritable": hex of its SHA-256}."""
        if isinstance(value, str) and _nested(value) > MOST_NESTED:
            return _digest(value)
        try:
            return super().from_db_value(value, expression, connection)
        except (ValueError, RecursionError):
            return _digest(str(value))

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs  # the column is the same


def _nested(text: str) -> int:
    """How deep the JSON in a text goes; never less than that, where it is not deep."""
    if (bound := text.count("[") + text.count("{")) <= MOST_NESTED:
        return bound
    deepest = depth = 0
    for sign in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if sign in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _digest(text: str) -> dict[str, str]:
    return {"unwritable": hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()}


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
    data = EventData(default=dict)

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
