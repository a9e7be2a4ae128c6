"""Whether access can be carried on, and how the page says it: a button, a way to the draft, or a date."""

from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from licenses import policies, queries, states
from licenses.models import Request
from licenses.queries.waiting import held_under, renewable
from portal.accounts.principals import Principal


class Renewal(NamedTuple):
    """What a page offers. grant: id of the grant whose button begins it, else empty.

    under_way: the request that carries it on already, if any. free_at: from when it is possible; None where
    it is possible now or never. key: so that a button pressed twice begins one renewal.
    """

    grant: str
    under_way: Request | None
    free_at: datetime | None
    key: str


def renewal_of(principal: Principal, request: Request, now: datetime) -> Renewal | None:
    """What may be said about carrying on what `request` gave the reader; None where there is nothing."""
    held = held_under(principal, request)
    if held.free_at is None:
        return None
    own = request.renewals.filter(applicant=principal.user, state__in=states.OPEN_STATES)
    under_way = own.order_by("-created_at").first()
    may = bool(policies.may_renew(queries.person(principal), request.state, held, now))
    grants = renewable(principal.user, request) if may and under_way is None else []
    free_at = held.free_at if now < held.free_at else None
    return Renewal(grants[0].pk if grants else "", under_way, free_at, uuid4().hex)
