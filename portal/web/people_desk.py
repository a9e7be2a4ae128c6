"""An administrator's desk: what its pages show of people, and what can be done with an account."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from licenses import queries
from portal.accounts import matrix
from portal.accounts.actions import people
from portal.accounts.actions.roles import may_propose_role, propose_role
from portal.accounts.directory import access_of
from portal.accounts.models import TwoPersonChange, User
from portal.accounts.policies import may_manage_people, staff_may
from portal.accounts.principals import Principal, principal_for
from portal.accounts.roles import STAFF_ROLES
from portal.core.problems import require
from portal.web.words import word
from weights_vault.queries import active_keys_of

REQUESTS_SHOWN: Final = 20
# By verb: what it does to an account, and what its page then says.
_ACTS: Final[dict[str, tuple[str, str]]] = {
    "disable": ("Disable the account: its sessions and tokens end now", "The account is disabled."),
    "enable": ("Enable the account again", "The account is enabled."),
    "end": ("End all its sessions, tokens and devices", "Nothing is signed in any more."),
}


def enter(principal: Principal) -> None:
    """Let in who reads about people. Raises: NotPermitted, with the reason, for everybody else."""
    require(staff_may(principal, matrix.PEOPLE_READ))


def manage(principal: Principal) -> None:
    """Let pass who manages people. Raises: NotPermitted, for who only reads about them too."""
    require(may_manage_people(principal))


def verbs(principal: Principal, user: User) -> list[tuple[str, str]]:
    """What the reader can do with the account now, as (verb, label); nothing with their own."""
    if principal.user == user or people.is_erased(user):
        return []
    open_now = ["disable", "end"] if user.is_active else ["enable"]
    found = [(verb, _ACTS[verb][0]) for verb in open_now] if may_manage_people(principal) else []
    return found + (_role_verbs(user) if may_propose_role(principal, user.public_id) else [])


def _role_verbs(user: User) -> list[tuple[str, str]]:
    found = []
    held = {grant.role for grant in user.role_grants.all()}
    for role in sorted(STAFF_ROLES):
        named = word("role", role).text.lower()
        if role in held:
            found.append((f"remove:{role}", f"Propose that they lose the role {named}"))
        elif user.is_active:
            found.append((f"grant:{role}", f"Propose that they get the role {named}"))
    return found


def act(
    verb: str, user: User, reason: str, by: Principal, now: datetime
) -> tuple[str, TwoPersonChange | None]:
    """Do what `verb` names; return what to say, and the change that a second person has to confirm."""
    what, _, role = verb.partition(":")
    if role:
        give = what == "grant"
        change = propose_role(user=user, role=role, give=give, reason=reason, by=by, now=now)
        return "It is proposed. It happens once a colleague confirms it.", change
    doing: dict[str, Callable[[], object]] = {
        "disable": lambda: people.disable(user=user, reason=reason, by=by, now=now),
        "enable": lambda: people.enable(user=user, by=by, now=now, reason=reason),
        "end": lambda: people.end_access(user=user, by=by, now=now, reason=reason),
    }
    doing[what]()
    return _ACTS[what][1], None


def state_of(user: User) -> str:
    """The word for where an account stands: "active", "disabled" or "erased"."""
    return "erased" if people.is_erased(user) else "active" if user.is_active else "disabled"


def page_of(user: User, now: datetime) -> dict[str, Any]:
    """Context of the page of one person."""
    requests = queries.requests_sent_by(user)
    return {
        "person": user,
        "state": state_of(user),
        "access": access_of(user, now),
        "keys": active_keys_of(principal_for(user)),
        "requests": requests[:REQUESTS_SHOWN],
        "requests_count": requests.count(),
        "affiliations": user.affiliations.select_related("organization")[:REQUESTS_SHOWN],
    }
