"""Ask how it stands: one mail to who has the request, once in each target time without a decision."""

from datetime import datetime

from django.db import transaction

from licenses import policies, queries
from licenses.actions.moving import lock_request, move_request, require
from licenses.models import Request
from licenses.queries.waiting import wait_of
from portal.accounts.principals import Principal


def nudge(*, request: Request, by: Principal, now: datetime) -> Request:
    """Remind who has the request, else all who may vote, that it waits; return the request.

    Raises: NotPermitted, Conflict(state_changed). Conflict(too_early_to_nudge): the target time is not over.
        Conflict(already_nudged): it was asked, and the target time has not passed since.
    """
    with transaction.atomic():
        request = lock_request(request, by)
        require(policies.may_nudge(queries.request_case(by, request, now), wait_of(request), now))
        move_request(request, "nudge", by=by.actor, now=now, nudged_at=now)
    return request
