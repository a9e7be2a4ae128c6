"""Let approvals lapse that nobody signed in time."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from licenses import states
from licenses.actions.moving import lock_request, move_request
from licenses.models import Request


def lapse(*, now: datetime) -> int:
    """Move each approved request whose time to sign is over to `lapsed`; return how many.

    Time to sign: SIGN_WITHIN_DAYS from the decision. Each request is a transaction of its own; run again,
    or by two workers at once, it does nothing more.
    """
    over = now - timedelta(days=settings.SIGN_WITHIN_DAYS)
    due = Request.objects.filter(state=states.APPROVED, decided_at__lte=over).order_by("decided_at")
    return sum(_lapse_one(request, over, now) for request in due)


def _lapse_one(request: Request, over: datetime, now: datetime) -> bool:
    with transaction.atomic():
        request = lock_request(request)
        # Read again under the lock: it may have been signed or withdrawn since.
        if request.state != states.APPROVED or request.decided_at is None or request.decided_at > over:
            return False
        move_request(request, "lapse", by="system:lapse", now=now)
    return True
