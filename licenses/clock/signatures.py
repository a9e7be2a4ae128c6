"""Approvals that nobody signed yet: who has still to sign is told a week before they lapse."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from licenses import notices, states
from licenses.actions.moving import lock_request
from licenses.clock.batches import batches, for_each
from licenses.models import Request
from licenses.reminders import remember, sent
from portal.core import times

BEFORE: Final = timedelta(days=7)
WAITING: Final = (states.APPROVED, states.SIGNED)  # signed: others of the team may still have to


def remind_of_signatures(*, now: datetime) -> int:
    """Tell whoever has still to accept the license of an approved request; return of how many requests."""
    lapsing = now - _time_to_sign()
    decided = Request.objects.filter(
        state__in=WAITING, decided_at__gt=lapsing, decided_at__lte=lapsing + _ahead()
    )
    return for_each(_untold(decided), lambda request: _remind(request, now))


def _time_to_sign() -> timedelta:
    return timedelta(days=settings.SIGN_WITHIN_DAYS)


def _ahead() -> timedelta:
    """How long before the lapse. Where the whole time is short, not before half of it has passed."""
    return min(BEFORE, _time_to_sign() / 2)


def _untold(requests: QuerySet[Request]) -> Iterator[Request]:
    for batch in batches(requests, "decided_at"):
        known = sent(f"request:{request.pk}" for request in batch)
        yield from (request for request in batch if (f"request:{request.pk}", _kind(request)) not in known)


def _kind(request: Request) -> str:
    return f"unsigned:{request.decided_at:%Y-%m-%d}"


def _remind(request: Request, now: datetime) -> bool:
    with transaction.atomic():
        request = lock_request(request)
        # Read again under the lock: it may have been withdrawn, or it lapsed, since.
        if request.state not in WAITING or request.decided_at is None:
            return False
        lapses_at = request.decided_at + _time_to_sign()
        reminder = remember(f"request:{request.pk}", [_kind(request)], now) if lapses_at > now else None
        if reminder is None:
            return False
        told = notices.remind_signers(request, reminder, days_left=times.days_until(lapses_at, now))
    return bool(told)
