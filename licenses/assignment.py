"""Policies of the desk: who has a request, who is away, and what staff keep for themselves. Pure."""

from licenses.conversation import RECUSED
from licenses.facts import Person, RequestCase
from licenses.judging import NOT_APPLICANT, first_refusal, person_bar, role_bar, table_bar
from licenses.states import REQUEST_TRANSITIONS
from portal.accounts import matrix
from portal.core.verdicts import Denied, Verdict

OWN = Denied("own_request", "This is your own request: others review it.", "Leave it to them.")


def may_assign(case: RequestCase) -> Verdict:
    """May the person say who has the request on their desk? Legal staff, of a request in review, never of
    their own, nor after they recused themselves. It is a hint: whoever may vote may still vote."""
    own = OWN if case.of_team else None
    unsent = None if case.was_submitted else NOT_APPLICANT
    return first_refusal(
        person_bar(case.person, scope=None),
        role_bar(case.person, matrix.DESK_KEEP),
        own,
        unsent,
        RECUSED if case.recused else None,
        table_bar(REQUEST_TRANSITIONS, case.state, "assign", "request"),
    )


def may_pick(person: Person) -> Verdict:
    """May the person take the next request that nobody has?"""
    return first_refusal(person_bar(person, scope=None), role_bar(person, matrix.REQUEST_VOTE))


def may_keep_desk(person: Person) -> Verdict:
    """May the person say when they are away, and keep views of the queue?"""
    return first_refusal(person_bar(person, scope=None), role_bar(person, matrix.DESK_KEEP))
