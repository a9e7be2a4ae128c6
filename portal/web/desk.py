"""A reviewer's desk: who may come in, and the grants."""

from licenses import policies, queries
from licenses.actions.moving import require
from licenses.models import Grant
from portal.accounts.principals import Principal


def enter(principal: Principal) -> None:
    """Let legal staff pass. Raises: NotPermitted, with the reason, for everybody else."""
    require(policies.may_review(queries.person(principal)))


def grant(principal: Principal, grant_id: str) -> Grant:
    """One grant, for a change. Raises: NotPermitted: no legal staff. NotFound."""
    enter(principal)
    return queries.grant_for(principal, grant_id)
