"""A new license version that holders must accept: they are told 30, 7 and 1 days before, and on the day."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Max, QuerySet

from licenses import notices, states
from licenses.actions.moving import lock_grant
from licenses.clock.batches import batches, for_each
from licenses.models import Grant
from licenses.queries.reacceptance import version_to_accept
from licenses.reminders import Countdown, remember, sent
from portal.core import times
from portal.core.models import AuditEvent

REACCEPT: Final = Countdown("reaccept", (30, 7, 1, 0))
ASKED: Final = "grant.reacceptance_wanted"
# So long after the mail that first asked no other says the same, unless the time to accept is short itself.
QUIET: Final = timedelta(days=3)
QUIET_SHARE: Final = 4  # at most the fourth part of that time


def remind_of_reacceptance(*, now: datetime) -> int:
    """Tell the holders of live grants whose license must be accepted anew; return how many were told."""
    live = Grant.objects.filter(state__in=states.LIVE_STATES, ends_at__gt=now)
    due = live.filter(reaccept_by__isnull=False, reaccept_by__lte=now + REACCEPT.longest)
    return for_each(_untold(due, now), lambda grant: _remind(grant, now))


def _untold(grants: QuerySet[Grant], now: datetime) -> Iterator[Grant]:
    for batch in batches(grants, "reaccept_by"):
        subjects = [_subject(grant) for grant in batch]
        asked, known = _asked(subjects), sent(subjects)
        for grant in batch:
            due = _due(grant, asked.get(_subject(grant)), now)
            if due and (_subject(grant), due[-1]) not in known:
                yield grant


def _subject(grant: Grant) -> str:
    return f"grant:{grant.pk}"


def _asked(subjects: Iterable[str]) -> dict[str, datetime]:
    """When the holders were last asked, by subject, in one query: a mail of that day said the date."""
    events = AuditEvent.objects.filter(subject__in=list(subjects), kind=ASKED).order_by()
    return dict(events.values_list("subject").annotate(Max("at")))


def _due(grant: Grant, asked: datetime | None, now: datetime) -> list[str]:
    if grant.reaccept_by is None:
        return []
    begun = asked or grant.starts_at
    quiet = min(QUIET, max(grant.reaccept_by - begun, timedelta(0)) / QUIET_SHARE)
    return REACCEPT.due(begun + quiet, grant.reaccept_by, now)


def _remind(grant: Grant, now: datetime) -> bool:
    with transaction.atomic():
        grant = lock_grant(grant)
        # Read again under the lock: it may have been accepted, or the grant ended, since.
        if grant.state not in states.LIVE_STATES or grant.ends_at <= now or grant.reaccept_by is None:
            return False
        subject = _subject(grant)
        reminder = remember(subject, _due(grant, _asked([subject]).get(subject), now), now)
        if reminder is None:
            return False
        left = times.days_until(grant.reaccept_by, now)
        wanted = version_to_accept(grant, now)
        notices.remind_holder("reacceptance_due", grant, reminder, days_left=left, new_version=wanted)
    return True
