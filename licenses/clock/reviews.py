"""Requests that wait for longer than the published time: the reviewers are reminded, period by period."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet

from licenses import notices, states
from licenses.clock.batches import batches, for_each
from licenses.models import Reminder, Request
from licenses.queries.reminded import who_is_reminded
from licenses.reminders import sent
from portal.accounts.models import User
from portal.core.models import AuditEvent

ANSWERED: Final = "request.answered"


def remind_reviewers(*, now: datetime) -> int:
    """Remind of each request in review that is older than REVIEW_TARGET_DAYS; return of how many.

    Again after each further period of that length; of several that passed unseen, once. Not while a
    question waits for the applicant's answer; the time then counts from the answer. Each reviewer gets one
    mail about all of theirs, however many those are.
    """
    late = Request.objects.filter(
        state=states.SUBMITTED, asked_at__isnull=True, submitted_at__lte=now - _period()
    )
    people: dict[str, list[User]] = {}

    def gather(request: Request) -> bool:
        people[request.pk] = who_is_reminded(request, now)
        return True

    told = 0
    try:
        for_each(_untold(late, now), gather)
    finally:  # what fails about one request keeps no word of the others
        if people:
            told = _remind(late.filter(pk__in=people), people, now)
    return told


def _period() -> timedelta:
    return timedelta(days=settings.REVIEW_TARGET_DAYS)


def _untold(requests: QuerySet[Request], now: datetime) -> Iterator[Request]:
    for batch in batches(requests, "submitted_at"):
        due = _due_of(batch, now)
        known = sent(_subject(request) for request in batch)
        for request in batch:
            if request.pk in due and (_subject(request), due[request.pk]) not in known:
                yield request


def _subject(request: Request) -> str:
    return f"request:{request.pk}"


def _due_of(requests: Iterable[Request], now: datetime) -> dict[str, str]:
    """The one reminder of the present period, by request: its number and its beginning are in its name."""
    listed = list(requests)
    answers = _answered(_subject(request) for request in listed)
    due = {}
    for request in listed:
        if request.submitted_at is None:
            continue
        since = max(request.submitted_at, answers.get(_subject(request), request.submitted_at))
        periods = (now - since) // _period()
        if periods >= 1:
            due[request.pk] = f"review_late_{periods}:{since:%Y-%m-%dT%H:%M:%S}"
    return due


def _answered(subjects: Iterable[str]) -> dict[str, datetime]:
    """When the applicant last answered a question, by subject, in one query."""
    events = AuditEvent.objects.filter(subject__in=list(subjects), kind=ANSWERED).order_by()
    return dict(events.values_list("subject").annotate(Max("at")))


@transaction.atomic
def _remind(late: QuerySet[Request], people: dict[str, list[User]], now: datetime) -> int:
    """Write the reminders of these requests and queue the mails about them together; return of how many.

    late: those that still wait. Under their locks, so that what was decided, withdrawn, asked about or told
    of by another worker since is left out.
    """
    held = list(late.select_for_update(of=("self",)).order_by("pk"))
    known, due = sent(_subject(request) for request in held), _due_of(held, now)
    told = [
        request for request in held if request.pk in due and (_subject(request), due[request.pk]) not in known
    ]
    if not told:
        return 0
    reminders = Reminder.objects.bulk_create(
        Reminder(subject=_subject(request), kind=due[request.pk], at=now) for request in told
    )
    theirs: dict[User, list[Request]] = {}
    for request in sorted(told, key=lambda each: (each.submitted_at or now, each.pk)):
        for user in people[request.pk]:
            theirs.setdefault(user, []).append(request)
    notices.remind_reviewers(theirs, reminders[0], now)
    return len(told)
