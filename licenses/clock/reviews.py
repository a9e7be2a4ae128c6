"""Requests that wait for longer than the published time: the reviewers are reminded, period by period."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet

from licenses import notices, states
from licenses.actions.moving import lock_request
from licenses.clock.batches import batches, for_each
from licenses.models import Request
from licenses.queries.reminded import who_is_reminded
from licenses.reminders import remember, sent
from portal.core.models import AuditEvent

ANSWERED: Final = "request.answered"


def remind_reviewers(*, now: datetime) -> int:
    """Remind of each request in review that is older than REVIEW_TARGET_DAYS; return of how many.

    Again after each further period of that length; of several that passed unseen, once. Not while a
    question waits for the applicant's answer; the time then counts from the answer.
    """
    late = Request.objects.filter(
        state=states.SUBMITTED, asked_at__isnull=True, submitted_at__lte=now - _period()
    )
    return for_each(_untold(late, now), lambda request: _remind(request, now))


def _period() -> timedelta:
    return timedelta(days=settings.REVIEW_TARGET_DAYS)


def _untold(requests: QuerySet[Request], now: datetime) -> Iterator[Request]:
    for batch in batches(requests, "submitted_at"):
        subjects = [_subject(request) for request in batch]
        answers, known = _answered(subjects), sent(subjects)
        for request in batch:
            due = _due(request, answers.get(_subject(request)), now)
            if due and (_subject(request), due[-1]) not in known:
                yield request


def _subject(request: Request) -> str:
    return f"request:{request.pk}"


def _answered(subjects: Iterable[str]) -> dict[str, datetime]:
    """When the applicant last answered a question, by subject, in one query."""
    events = AuditEvent.objects.filter(subject__in=list(subjects), kind=ANSWERED).order_by()
    return dict(events.values_list("subject").annotate(Max("at")))


def _due(request: Request, answered: datetime | None, now: datetime) -> Sequence[str]:
    """The one reminder of the present period. Its number and its beginning tell it from the others."""
    if request.submitted_at is None:
        return []
    since = max(request.submitted_at, answered or request.submitted_at)
    periods = (now - since) // _period()
    return [f"review_late_{periods}:{since:%Y-%m-%dT%H:%M:%S}"] if periods >= 1 else []


def _remind(request: Request, now: datetime) -> bool:
    with transaction.atomic():
        request = lock_request(request)
        # Read again under the lock: it may have been decided, withdrawn or asked about since.
        if request.state != states.SUBMITTED or request.asked_at is not None:
            return False
        subject = _subject(request)
        reminder = remember(subject, _due(request, _answered([subject]).get(subject), now), now)
        if reminder is None:
            return False
        waited = (now - request.submitted_at).days if request.submitted_at else 0
        people = who_is_reminded(request, now)
        notices.remind_people("review_late", request, reminder, people, days_waited=waited)
    return True
