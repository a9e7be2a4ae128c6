"""A reviewer's desk: the queue, everything about one request on one screen, and the grants."""

from django.db.models import QuerySet

from licenses import policies, queries
from licenses.actions.moving import require
from licenses.models import Grant, Request
from licenses.queries import QueueFilters
from portal.accounts.principals import Principal


def enter(principal: Principal) -> None:
    """Let legal staff pass. Raises: NotPermitted, with the reason, for everybody else."""
    require(policies.may_review(queries.person(principal)))


def queue(principal: Principal, filters: QueueFilters) -> QuerySet[Request]:
    """The requests to review, the longest waiting first. Raises: NotPermitted: no legal staff."""
    enter(principal)
    return queries.queue(principal, filters)


def grant(principal: Principal, grant_id: str) -> Grant:
    """One grant, for a change. Raises: NotPermitted: no legal staff. NotFound."""
    enter(principal)
    return queries.grant_for(principal, grant_id)
