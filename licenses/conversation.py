"""Policies of what is said about a request, of the reasons kept ready, and of who takes no part. Pure."""

from licenses import states
from licenses.facts import Person, RequestCase
from licenses.judging import NOT_APPLICANT, first_refusal, person_bar, role_bar, table_bar
from licenses.states import REQUEST_TRANSITIONS
from portal.accounts import matrix
from portal.core.verdicts import Denied, Verdict

OWN_CONVERSATION = Denied(
    "own_request",
    "This is your own request: you speak in it as the applicant.",
    "Write a message on its page; others review it.",
)
OWN_TEAM = Denied(
    "own_request",
    "You stand in this request, or did: nobody of its team speaks for the reviewers.",
    "Leave it to the other reviewers.",
)
RECUSED = Denied(
    "recused",
    "You recused yourself from this request, for good.",
    "Leave it to the other reviewers.",
)
CLOSED = Denied(
    "conversation_closed",
    "This request is over, and so is its conversation.",
    "What was said stays here to be read. Whoever still needs something begins a new request.",
)


def may_say(case: RequestCase) -> Verdict:
    """May the person write a message that the other side reads? Who asks for the weights, and legal staff.

    As long as something can still come of it: not once it is withdrawn, lapsed, declined for good, or signed
    and no grant under it is live.
    """
    if not case.takes_part:
        return _as_staff(case) and first_refusal(_over(case))
    return first_refusal(person_bar(case.person, scope="requests"), _unsent(case), _over(case))


def may_speak(person: Person) -> Verdict:
    """May the person speak for the reviewers at all?"""
    return first_refusal(person_bar(person, scope=None), role_bar(person, matrix.REQUEST_TALK))


def may_ask(case: RequestCase) -> Verdict:
    """May the person put a question that the applicant must answer before the review goes on?"""
    return _as_staff(case) and first_refusal(table_bar(REQUEST_TRANSITIONS, case.state, "ask", "request"))


def may_note(case: RequestCase) -> Verdict:
    """May the person write a note that staff alone read?"""
    return _as_staff(case)


def may_recuse(case: RequestCase) -> Verdict:
    """May the reviewer step back from this request, for good?"""
    return _as_staff(case) and first_refusal(role_bar(case.person, matrix.REQUEST_VOTE))


def may_keep_reasons(person: Person) -> Verdict:
    """May the person change the reasons that staff keep ready?"""
    return first_refusal(person_bar(person, scope=None), role_bar(person, matrix.DESK_KEEP))


def _as_staff(case: RequestCase) -> Verdict:
    return first_refusal(
        person_bar(case.person, scope=None),
        OWN_CONVERSATION if case.takes_part else None,
        role_bar(case.person, matrix.REQUEST_TALK),
        OWN_TEAM if case.of_team else None,
        _unsent(case),
        RECUSED if case.recused else None,
    )


def _unsent(case: RequestCase) -> Denied | None:
    return None if case.was_submitted else NOT_APPLICANT


def _over(case: RequestCase) -> Denied | None:
    over = {
        states.WITHDRAWN: True,
        states.LAPSED: True,
        states.REJECTED: case.appealed,
        states.SIGNED: not case.held,
    }
    return CLOSED if over.get(case.state, False) else None
