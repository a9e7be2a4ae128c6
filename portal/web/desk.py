"""A reviewer's desk: the queue, everything about one request on one screen, and the grants."""

from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from licenses import policies, queries
from licenses.actions.moving import require
from licenses.models import Grant, Request
from licenses.queries import QueueFilters, Review
from portal.accounts.principals import Principal
from portal.core.verdicts import Denied
from portal.web import answers
from portal.web.story import told

_VERBS: Final = {
    "suspend": (policies.may_suspend, "Suspend: nothing is issued until it is resumed"),
    "resume": (policies.may_resume, "Resume: the holder may download again"),
    "revoke": (policies.may_revoke, "Revoke: for good, it cannot be undone"),
}


def enter(principal: Principal) -> None:
    """Let legal staff pass. Raises: NotPermitted, with the reason, for everybody else."""
    require(policies.may_review(queries.person(principal)))


def queue(principal: Principal, filters: QueueFilters) -> QuerySet[Request]:
    """The requests to review, the longest waiting first. Raises: NotPermitted: no legal staff."""
    enter(principal)
    return queries.queue(principal, filters)


def review(principal: Principal, request_id: str, now: datetime) -> Review:
    """One request, for its review. Raises: NotPermitted: no legal staff. NotFound."""
    enter(principal)
    return queries.review(principal, request_id, now)


def grants(principal: Principal, state: str = "") -> QuerySet[Grant]:
    """Every grant, or those in one state. Raises: NotPermitted: no legal staff."""
    enter(principal)
    every = queries.all_grants(principal).select_related("user__organization")
    return every.filter(state=state) if state else every


def grant(principal: Principal, grant_id: str) -> Grant:
    """One grant, for a change. Raises: NotPermitted: no legal staff. NotFound."""
    enter(principal)
    return queries.grant_for(principal, grant_id)


def verbs(principal: Principal, grant: Grant) -> list[tuple[str, str]]:
    """The changes that the rule allows now, as (verb, label)."""
    case = queries.grant_case(principal, grant)
    return [(verb, label) for verb, (may, label) in _VERBS.items() if may(case)]


def page_of(principal: Principal, found: Review) -> dict[str, Any]:
    """Context of the review page."""
    refusals = [verdict for verdict in (found.may_vote, found.may_approve) if isinstance(verdict, Denied)]
    return {
        "the_request": found.request,
        "found": found,
        "answers": answers.compare(found.current, found.previous),
        "license": found.current.license_version,
        "votes": [(vote, vote in found.counting) for vote in found.votes],
        "may_vote": bool(found.may_vote),
        "refusal": next(iter(refusals), None),
        "timeline": told(queries.timeline(found.request, principal)),
    }
