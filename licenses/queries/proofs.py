"""Proofs from the log: of which events whom they are about may have one, and which events those are."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import Max

from licenses.queries.lists import grant_for, request_for
from licenses.queries.withholding import withhold
from portal.accounts.policies import may_read_audit
from portal.accounts.principals import Principal
from portal.core.models import AuditEvent
from portal.core.problems import NotFound

DECIDED: Final = ("request.approved", "request.rejected", "request.changes_requested")
STARTED: Final = ("grant.started",)
# What a proof shows of a request to those who stand in it: what their own timeline tells, too.
_OF_REQUEST: Final = frozenset(
    {
        *DECIDED,
        "request.submitted",
        "request.license_confirmed",
        "request.appealed",
        "request.withdrawn",
        "request.lapsed",
        "request.accepted",
        "request.signed",
    }
)


def event_numbered(index: str) -> AuditEvent:
    """Return the event of this number, as an address says it. Raises: NotFound: also where it is none."""
    event = AuditEvent.objects.filter(pk=int(index)).first() if is_number(index) else None
    if event is None:
        raise NotFound()
    return event


def is_number(index: str) -> bool:
    """True for what can be the number of an event."""
    return index.isascii() and index.isdecimal() and len(index) <= 18


def event_to_prove(principal: Principal, index: str, now: datetime) -> AuditEvent:
    """Return an event of which the principal may have a proof.

    Of any: who reads the whole log. Of decisions and signatures: who may read the request. Of a grant, of its
    headers and reports: who may read the grant. Of the former, private values that are not for them are
    withheld.
    Raises: NotFound.
    """
    event = event_numbered(index)
    if _is_about(event, principal, now):
        return event
    if not may_read_audit(principal):
        raise NotFound()
    [event] = withhold(principal, [event])
    return event


def newest_events(noun: str, ids: Iterable[str], kinds: Iterable[str]) -> dict[str, int]:
    """Return the number of the newest event of these kinds about each thing that has one, in one query."""
    subjects = [f"{noun}:{each}" for each in ids]
    rows = AuditEvent.objects.filter(subject__in=subjects, kind__in=list(kinds)).order_by()
    found = rows.values_list("subject").annotate(last=Max("index"))
    return {subject.partition(":")[2]: last for subject, last in found}


def _is_about(event: AuditEvent, principal: Principal, now: datetime) -> bool:
    noun, _, name = event.subject.partition(":")
    try:
        if noun == "grant":
            grant_for(principal, name)
        elif noun == "request" and event.kind in _OF_REQUEST:
            request_for(principal, name, now)
        else:
            return False
    except NotFound:
        return False
    return True
