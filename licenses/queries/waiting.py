"""Since when somebody waits, and what they hold: what nudges and renewals are judged by."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings

from licenses import states
from licenses.models import Grant, Request
from licenses.patience import Wait
from licenses.renewal import Held
from portal.accounts.models import User
from portal.accounts.principals import Principal


def wait_of(request: Request) -> Wait:
    """Return since when the request waits for an answer."""
    target = timedelta(days=settings.REVIEW_TARGET_DAYS)
    return Wait(request.submitted_at, request.nudged_at, request.asked_at, target)


def renewable(user: User | None, request: Request) -> list[Grant]:
    """Return the person's grants under the request that can be carried on: neither revoked nor closed."""
    if user is None:
        return []
    live = request.grants.filter(user=user, state__in=states.LIVE_STATES)
    return list(live.select_related("release").order_by("release__slug"))


def held_under(principal: Principal, request: Request) -> Held:
    """Return what the person holds under the request."""
    user = principal.user
    any_ = user is not None and request.grants.filter(user=user).exists()
    return Held(any_, tuple(grant.ends_at for grant in renewable(user, request)))


def held_by_request(grants: Iterable[Grant]) -> dict[str, Held]:
    """Return what the holder of these grants holds under the request of each, by request id, in one query.

    grants: of one person.
    """
    rows = list(grants)
    ends: dict[str, list[datetime]] = {grant.request_id: [] for grant in rows}
    live = Grant.objects.filter(
        request__in=ends, user__in={grant.user_id for grant in rows}, state__in=states.LIVE_STATES
    )
    for request_id, ends_at in live.values_list("request", "ends_at"):
        ends[request_id].append(ends_at)
    return {request_id: Held(True, tuple(found)) for request_id, found in ends.items()}
