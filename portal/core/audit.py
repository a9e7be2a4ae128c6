"""The audit log: every change of consequence leaves a line, in the transaction that makes the change."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from portal.core.models import AuditEvent
from portal.core.secrecy import holds_secret


def record(kind: str, *, by: str, subject: str, now: datetime, **data: Any) -> AuditEvent:
    """Append one event and return it.

    kind: "noun.past_verb", such as "request.submitted". by: a person's public id or "system:<what>".
    subject: "<noun>:<public id>". data: JSON values that explain it; never a secret, never an address that
    opens something.
    Raises: RuntimeError: no transaction is open, or a value looks like a secret.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"audit event {kind} outside the transaction of what it records")
    if holds_secret(data) or holds_secret(subject) or holds_secret(by):
        raise RuntimeError(f"audit event {kind} holds something that looks like a secret")
    return AuditEvent.objects.create(kind=kind, by=by, subject=subject, at=now, data=data)


def trail(*subjects: str) -> QuerySet[AuditEvent]:
    """Return the events about these subjects, oldest first."""
    return AuditEvent.objects.filter(subject__in=subjects).order_by("index")
