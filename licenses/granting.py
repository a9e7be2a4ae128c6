"""Policies of grants: who reads them, and what staff do with those of others. Pure, as `policies` is."""

from typing import Final

from licenses.facts import GrantCase, Person
from licenses.judging import first_refusal, person_bar, role_bar, table_bar
from licenses.states import GRANT_TRANSITIONS
from portal.accounts import matrix
from portal.core.verdicts import Denied, Verdict

OWN_GRANT = Denied(
    "own_grant",
    "This is your own grant: you cannot change it.",
    "Ask a colleague with the right role to do it.",
)
TEAMS_GRANT = Denied(
    "own_request",
    "This grant comes from a request in whose team you stand, or stood: you cannot change it.",
    "Ask a colleague with the right role to do it.",
)
# By verb: what staff do with others' grants, and what lets them. Whoever may do any of it may suspend.
CAPABILITIES: Final = {
    "suspend": matrix.GRANT_SUSPEND,
    "resume": matrix.GRANT_SUSPEND,
    "revoke": matrix.GRANT_REVOKE,
    "extend": matrix.GRANT_EXTEND,
}


def may_read_grant(case: GrantCase) -> Verdict:
    """May the person see the grant? Its holder and legal staff."""
    staff = None if case.mine else role_bar(case.person, matrix.QUEUE_READ)
    return first_refusal(person_bar(case.person, scope="read"), staff)


def may_change_grants(person: Person, verb: str = "suspend") -> Verdict:
    """May the person change grants that are others' in this way? Left out: in any."""
    return first_refusal(person_bar(person, scope=None), role_bar(person, CAPABILITIES[verb]))


def may_suspend(case: GrantCase) -> Verdict:
    """May the person put the grant on hold? As the next three: staff, in a session, never their own."""
    return _staff(case, "suspend")


def may_resume(case: GrantCase) -> Verdict:
    """May the person lift the hold?"""
    return _staff(case, "resume")


def may_revoke(case: GrantCase) -> Verdict:
    """May the person take the grant away for good?"""
    return _staff(case, "revoke")


def may_extend(case: GrantCase) -> Verdict:
    """May the person move the grant's end? An ended one that nothing replaced is opened again by it."""
    return _staff(case, "extend")


def _staff(case: GrantCase, action: str) -> Verdict:
    return may_change_grants(case.person, action) and first_refusal(
        OWN_GRANT if case.mine else None,
        TEAMS_GRANT if case.of_team else None,
        table_bar(GRANT_TRANSITIONS, case.state, action, "grant"),
    )
