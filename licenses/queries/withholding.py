"""What readers of the whole log are not told: words that they do not read anywhere else either.

The log itself is open to auditors, administrators and legal leads. What people typed about requests, grants,
recipients' machines or accounts lies beside it, and is for those alone who read these things by their role;
and for nobody about a request that they have a part in themselves.
"""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from django.db.models import Q

from licenses.models import Grant, Request
from licenses.queries.parties import on_the_side_of_who_asks
from portal.accounts import matrix
from portal.accounts.models import User
from portal.accounts.policies import staff_may
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.models import AuditEvent

# By the noun of what an event is about. A noun that is not here is told to whoever reads the log.
_NEEDED: Final = MappingProxyType(
    {
        "request": matrix.QUEUE_READ,
        "grant": matrix.QUEUE_READ,
        "agreement": matrix.QUEUE_READ,
        "reason": matrix.QUEUE_READ,
        "master": matrix.MASTER_READ,
        "alert": matrix.LEDGER_READ,
        "revision": matrix.LEDGER_READ,
        "user": matrix.PEOPLE_READ,
    }
)


def withhold(principal: Principal, events: Iterable[AuditEvent]) -> list[AuditEvent]:
    """Put `audit.WITHHELD` in the place of private values that the person does not read; return the events.

    One query more where requests or grants are among them, however many.
    """
    listed = list(events)
    private = [event for event in listed if audit.committed(event)]
    own = _own(principal.user, private)
    for event in private:
        needed = _NEEDED.get(event.subject.partition(":")[0])
        if event.subject in own or (needed is not None and not staff_may(principal, needed)):
            audit.withhold(event)
    return listed


def _own(user: User | None, events: Iterable[AuditEvent]) -> set[str]:
    """Which of the events' subjects are requests in which the person stands, and grants that these led to."""
    ids: dict[str, set[str]] = {"request": set(), "grant": set()}
    for event in events:
        noun, _, name = event.subject.partition(":")
        if noun in ids:
            ids[noun].add(name)
    if user is None or not any(ids.values()):
        return set()
    places = on_the_side_of_who_asks(user).values("request")
    requests = Request.objects.filter(Q(applicant=user) | Q(pk__in=places), pk__in=ids["request"])
    theirs = Q(user=user) | Q(request__applicant=user) | Q(request__in=places)
    grants = Grant.objects.filter(theirs, pk__in=ids["grant"])
    both = requests.order_by().values_list("pk").union(grants.order_by().values_list("pk"))
    found = {pk for (pk,) in both}
    return {f"{noun}:{name}" for noun, names in ids.items() for name in names & found}
