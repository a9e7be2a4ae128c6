"""What this app tells others, in the same transaction (`portal.core.events`)."""

from dataclasses import dataclass
from datetime import datetime

from licenses.models import Decision, Grant, Request


@dataclass(frozen=True)
class RequestDecided:
    """The votes decided a request: approved, rejected, or returned for changes."""

    request: Request
    decision: Decision
    now: datetime


@dataclass(frozen=True)
class GrantStarted:
    grant: Grant
    by: str
    now: datetime


@dataclass(frozen=True)
class GrantChanged:
    """A grant was suspended, resumed, revoked, closed or extended; its state and its end say which."""

    grant: Grant
    reason: str
    by: str
    now: datetime
