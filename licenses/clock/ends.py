"""The end of grants: holders are told 60, 30 and 7 days before, and when it has come."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from licenses import notices, states
from licenses.actions.moving import lock_grant, move_grant
from licenses.clock.batches import batches, for_each
from licenses.models import Grant, Request
from licenses.reminders import Countdown, remember, sent
from portal.core import times

ENDS: Final = Countdown("grant_ends", (60, 30, 7))
BY = "system:clock"


def remind_of_ends(*, now: datetime) -> int:
    """Tell the holders of grants that end soon; return how many were told.

    Only of the most urgent notice that is due; a notice from before the grant's start is none. An extended
    grant is told of its new end.
    """
    live = Grant.objects.filter(state__in=states.LIVE_STATES, expired_at__isnull=True)
    soon = live.filter(ends_at__gt=now, ends_at__lte=now + ENDS.longest)
    return for_each(_untold(soon, now), lambda grant: _remind(grant, now))


def record_ends(*, now: datetime) -> int:
    """Note each grant whose end has come, in the log and in the row, and tell its holder; return how many.

    Nothing opens or closes by it: the rule of access looks at the end itself.
    """
    ended = Grant.objects.filter(state__in=states.LIVE_STATES, ends_at__lte=now, expired_at__isnull=True)
    every = (grant for batch in batches(ended, "ends_at") for grant in batch)
    return for_each(every, lambda grant: _record(grant, now))


def _untold(grants: QuerySet[Grant], now: datetime) -> Iterator[Grant]:
    for batch in batches(grants, "ends_at"):
        known = sent(_subject(grant) for grant in batch)
        for grant in batch:
            due = ENDS.due(grant.starts_at, grant.ends_at, now)
            if due and (_subject(grant), due[-1]) not in known:
                yield grant


def _subject(grant: Grant) -> str:
    return f"grant:{grant.pk}"


def _remind(grant: Grant, now: datetime) -> bool:
    with transaction.atomic():
        grant = lock_grant(grant)
        # Read again under the lock: it may have been revoked, closed or extended since.
        if grant.state not in states.LIVE_STATES or grant.ends_at <= now:
            return False
        reminder = remember(_subject(grant), ENDS.due(grant.starts_at, grant.ends_at, now), now)
        if reminder is None:
            return False
        renewal = Request.objects.filter(
            renews=grant.request_id, applicant=grant.user_id, state__in=states.OPEN_STATES
        )
        left = times.days_until(grant.ends_at, now)
        notices.remind_holder("grant_ends", grant, reminder, renewal.first(), days_left=left)
    return True


def _record(grant: Grant, now: datetime) -> bool:
    with transaction.atomic():
        grant = lock_grant(grant)
        over = grant.ends_at <= now and grant.expired_at is None
        if not over or grant.state not in states.LIVE_STATES:
            return False
        ended = {"ends_at": grant.ends_at.isoformat()}
        move_grant(grant, "expire", reason="Its time was over.", by=BY, now=now, data=ended, expired_at=now)
    return True
