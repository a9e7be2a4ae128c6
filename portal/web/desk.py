"""A reviewer's desk: who may come in, and the grants."""

from licenses import policies, queries
from licenses.models import Grant
from portal.accounts.principals import Principal
from portal.core.problems import require


def enter(principal: Principal) -> None:
    """Let in who reads the queue. Raises: NotPermitted, with the reason, for everybody else."""
    require(policies.may_review(queries.person(principal)))


def keep(principal: Principal) -> None:
    """Let pass who keeps the desk's things. Raises: NotPermitted, for who only reads it too."""
    require(policies.may_keep_desk(queries.person(principal)))


def vote(principal: Principal) -> None:
    """Let reviewers pass. Raises: NotPermitted, for who only reads the desk too."""
    require(policies.may_pick(queries.person(principal)))


def talk(principal: Principal) -> None:
    """Let pass who speaks for the reviewers. Raises: NotPermitted, for who only reads the desk too."""
    require(policies.may_speak(queries.person(principal)))


def change_grants(principal: Principal) -> None:
    """Let pass who may change others' grants. Raises: NotPermitted, for who only reads them too."""
    require(policies.may_change_grants(queries.person(principal)))


def grant(principal: Principal, grant_id: str) -> Grant:
    """One grant, for a change. Raises: NotPermitted: no legal staff. NotFound."""
    enter(principal)
    return queries.grant_for(principal, grant_id)
