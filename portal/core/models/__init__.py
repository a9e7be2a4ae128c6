"""Rows that every app relies on: what happened, what is to be done, what is to be mailed."""

from portal.core.models.audit import AuditEvent
from portal.core.models.jobs import Heartbeat, Job
from portal.core.models.outbox import OutboxMessage

__all__ = ["AuditEvent", "Heartbeat", "Job", "OutboxMessage"]
