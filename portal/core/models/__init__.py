"""Rows that every app relies on: what happened, what is to be done, what is to be mailed."""

from portal.core.models.audit import AuditEvent
from portal.core.models.disclosures import AuditDisclosure
from portal.core.models.jobs import Heartbeat, Job
from portal.core.models.limits import LimitUse
from portal.core.models.log import LogCheckpoint, LogEntry, LogPending, LogRecovered, LogTile
from portal.core.models.outbox import OutboxMessage

__all__ = [
    "AuditDisclosure",
    "AuditEvent",
    "Heartbeat",
    "Job",
    "LimitUse",
    "LogCheckpoint",
    "LogEntry",
    "LogPending",
    "LogRecovered",
    "LogTile",
    "OutboxMessage",
]
