"""Forgets the browser sessions that are over."""

from datetime import datetime
from typing import Any

from django.contrib.sessions.models import Session

from portal.core import jobs

FORGET = "accounts.forget_sessions"
FORGET_EVERY_S = 86_400


@jobs.handler(FORGET)
def forget_sessions(payload: dict[str, Any], now: datetime) -> None:
    """Delete the rows of sessions that expired; Django refuses them already."""
    Session.objects.filter(expire_date__lt=now).delete()


jobs.periodic(FORGET, FORGET_EVERY_S)
