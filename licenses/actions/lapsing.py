"""Let approvals lapse that nobody signed in time, and places in a team that were not."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from licenses import states
from licenses.actions.moving import lock_request, move_request
from licenses.models import Party, Request
from portal.accounts.models import User


def lapse(*, now: datetime) -> int:
    """Move each approved request whose time to sign is over to `lapsed`, and let those of a signed one who
    have not accepted drop out; return how many of both.

    Time to sign: SIGN_WITHIN_DAYS from the decision. Each is a transaction of its own; run again, or by two
    workers at once, it does nothing more.
    """
    over = now - timedelta(days=settings.SIGN_WITHIN_DAYS)
    due = Request.objects.filter(state=states.APPROVED, decided_at__lte=over).order_by("decided_at")
    late = Party.objects.filter(
        request__state=states.SIGNED, request__decided_at__lte=over, state__in=_UNSIGNED
    ).order_by("request__decided_at", "pk")
    lapsed = sum(_lapse_one(request, over, now) for request in due)
    return lapsed + sum(_drop_one(party, now) for party in late.select_related("request"))


def lapse_of(user: User, *, now: datetime) -> None:
    """Note at once what of the person's is over: it is not in the way of what they ask for next."""
    over = now - timedelta(days=settings.SIGN_WITHIN_DAYS)
    due = Request.objects.filter(applicant=user, state=states.APPROVED, decided_at__lte=over)
    for request in due.order_by("pk"):
        _lapse_one(request, over, now)


_UNSIGNED = (Party.State.INVITED, Party.State.JOINED)


def _lapse_one(request: Request, over: datetime, now: datetime) -> bool:
    with transaction.atomic():
        request = lock_request(request)
        # Read again under the lock: it may have been signed or withdrawn since.
        if request.state != states.APPROVED or request.decided_at is None or request.decided_at > over:
            return False
        move_request(request, "lapse", by="system:lapse", now=now)
    return True


def _drop_one(party: Party, now: datetime) -> bool:
    with transaction.atomic():
        request = lock_request(party.request)
        dropped = Party.objects.filter(pk=party.pk, state__in=_UNSIGNED).update(
            state=Party.State.DROPPED, state_at=now
        )
        if dropped:
            move_request(request, "drop", by="system:lapse", now=now, data={"party": party.pk})
    return bool(dropped)
