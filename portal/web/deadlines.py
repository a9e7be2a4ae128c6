"""By when something happens: the one date that matters for each thing, in words that say what comes then."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from licenses import states
from licenses.models import Grant, Request
from licenses.renewal import RENEW_WITHIN


class Deadline(NamedTuple):
    """label: what happens. at: by then.

    tone: "calm" while all is well, "turn" when it is close or the reader's, "bad" when it is over.
    """

    label: str
    at: datetime
    tone: str


def of_request(request: Request, now: datetime) -> Deadline | None:
    """The date that the applicant waits for, or must keep; None where none is running."""
    if request.state == states.SUBMITTED and request.submitted_at is not None:
        if request.asked_at is not None:
            return Deadline("The reviewers wait for your answer since", request.asked_at, "turn")
        due = request.submitted_at + timedelta(days=settings.REVIEW_TARGET_DAYS)
        return Deadline("An answer was due by" if due <= now else "An answer is due by", due, _tone(due, now))
    if request.state == states.APPROVED and request.decided_at is not None:
        due = request.decided_at + timedelta(days=settings.SIGN_WITHIN_DAYS)
        return Deadline("Sign by", due, "turn" if due > now else "bad")
    return None


def of_grant(grant: Grant, now: datetime) -> Deadline:
    """When the grant ends, or by when the new license must be accepted, whichever comes first."""
    if grant.reaccept_by is not None and grant.reaccept_by < grant.ends_at:
        over = grant.reaccept_by <= now
        label = "The new license had to be accepted by" if over else "Accept the new license by"
        return Deadline(label, grant.reaccept_by, "bad" if over else "turn")
    if grant.ends_at <= now:
        return Deadline("Access ended on", grant.ends_at, "calm")
    return Deadline(
        "Access ends on", grant.ends_at, "turn" if grant.ends_at - now <= RENEW_WITHIN else "wait"
    )


def first(deadlines: Iterable[Deadline | None]) -> Deadline | None:
    """The one that comes first."""
    return min((each for each in deadlines if each is not None), key=lambda each: each.at, default=None)


def _tone(due: datetime, now: datetime) -> str:
    return "bad" if due <= now else "calm"
