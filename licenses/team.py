"""Policies of the people who stand in a request: asking, answering, accepting. Pure, as `policies` is."""

from licenses.conversation import OWN_TEAM as NOT_BY_TEAM
from licenses.conversation import RECUSED
from licenses.facts import RequestCase
from licenses.judging import (
    ENTRY_CODES,
    NOT_APPLICANT,
    all_releases,
    first_refusal,
    person_bar,
    role_bar,
    table_bar,
)
from licenses.states import APPROVED, LAPSED, REQUEST_TRANSITIONS, SIGNED
from portal.accounts import matrix
from portal.core.verdicts import Allowed, Denied, Verdict

CO_APPLICANT, SIGNATORY = "co_applicant", "signatory"
# A signatory can still be asked for, and sign for whoever waits for it.
DECIDED = (APPROVED, SIGNED)

NOT_A_PARTY = Denied(
    "not_a_party",
    "Only those who stand in this request can do this: the applicant, and whoever joined it.",
    "Sign in with the account whose verified address was asked.",
)
OWN_TEAM = Denied(
    "own_request",
    "This is your own request: you stand in it already.",
    "Ask somebody else, by their own address.",
)
ACCEPTED = Denied(
    "state_changed",
    "You accepted this license already.",
    "Load the page again to see where it stands.",
)
TOO_LATE = Denied(
    "state_changed",
    "The time to accept the license is over.",
    "Ask for access on the release page.",
)
APPROVAL_LAPSED = Denied(
    "request_lapsed",
    "This request was approved, but the license was not signed in time.",
    "Ask for access anew on the release page.",
)
VOTED = Denied(
    "voted_before",
    "You voted on this request as a reviewer, so you take no part in it.",
    "Decline, and let the applicant ask somebody else.",
)
PENDING = Denied(
    "party_pending",
    "Somebody whom you asked to take part has not answered yet.",
    "Wait for the answer, or take them out of the team.",
)
NO_SIGNATORY = Denied(
    "signatory_missing",
    "The terms demand that somebody signs for your institution, and nobody is named.",
    "Name a signatory in the team, then send the request.",
)
TEAM_FULL = Denied(
    "team_full",
    "There is no place left in the team.",
    "Take somebody out first; the terms say how many may ask together.",
)
NOT_WANTED = Denied(
    "signatory_not_wanted",
    "The terms of this release demand no signatory.",
    "Ask people to take part as co-applicants.",
)


def may_invite(case: RequestCase, role: str) -> Verdict:
    """May the person ask somebody in as `role` ("co_applicant" or "signatory")?

    Before it is sent and while changes are asked for; once approved, only a signatory in the place of one
    who declined or has not signed.
    """
    action = "replace_signatory" if role == SIGNATORY and case.state in DECIDED else "invite"
    return first_refusal(
        person_bar(case.person, scope="requests"),
        None if case.mine else NOT_APPLICANT,
        table_bar(REQUEST_TRANSITIONS, case.state, action, "request"),
        _late_bar(case),
        _place_bar(case, role),
    )


def may_name_signatory(case: RequestCase) -> Verdict:
    """May the person, as staff, name another signatory after the decision? Nobody of the team's side."""
    return first_refusal(
        person_bar(case.person, scope=None),
        role_bar(case.person, matrix.REQUEST_TALK),
        NOT_BY_TEAM if case.of_team else None,
        RECUSED if case.recused else None,
        table_bar(REQUEST_TRANSITIONS, case.state, "name_signatory", "request"),
        _late_bar(case),
        _place_bar(case, SIGNATORY),
    )


def _late_bar(case: RequestCase) -> Denied | None:
    return TOO_LATE if case.team.late and case.state == SIGNED else None


def _place_bar(case: RequestCase, role: str) -> Denied | None:
    team = case.team
    if role == CO_APPLICANT:
        return TEAM_FULL if team.co_applicants >= team.most_co_applicants else None
    if not team.signatory_wanted:
        return NOT_WANTED
    if case.state in DECIDED:
        return TEAM_FULL if team.signatory_signed else None
    return TEAM_FULL if team.signatory_named else None


def may_remove(case: RequestCase) -> Verdict:
    """May the person take somebody out of the team?"""
    return first_refusal(
        person_bar(case.person, scope="requests"),
        None if case.mine else NOT_APPLICANT,
        table_bar(REQUEST_TRANSITIONS, case.state, "remove", "request"),
    )


def may_choose_releases(case: RequestCase) -> Verdict:
    """May the person say anew which releases of the model the request is for?"""
    return first_refusal(
        person_bar(case.person, scope="requests"),
        None if case.mine else NOT_APPLICANT,
        table_bar(REQUEST_TRANSITIONS, case.state, "choose_releases", "request"),
    )


def may_join(case: RequestCase) -> Verdict:
    """May the person take the place that they were asked to take? In a browser session alone.

    A co-applicant must be somebody who could ask for each release on their own. Nobody who voted on the
    request takes part in it later.
    """
    verdict = _answers(case, "join") and first_refusal(_late_bar(case), VOTED if case.team.voted else None)
    if not verdict or case.team.role == SIGNATORY:
        return verdict
    return all_releases(case, ENTRY_CODES)


def may_decline(case: RequestCase) -> Verdict:
    """May the person say no, or step back before they accepted the license? In a browser session alone."""
    return _answers(case, "decline")


def _answers(case: RequestCase, action: str) -> Verdict:
    return first_refusal(
        person_bar(case.person, scope=None),
        OWN_TEAM if case.mine else None,
        None if case.team.role else NOT_A_PARTY,
        ACCEPTED if case.team.state == "accepted" else None,
        table_bar(REQUEST_TRANSITIONS, case.state, action, "request"),
    )


def bar_of_team(case: RequestCase) -> Verdict:
    """Is the team complete, so that the request can be sent?"""
    if case.team.pending:
        return PENDING
    if case.team.signatory_wanted and not case.team.signatory_named:
        return NO_SIGNATORY
    return Allowed()


def may_read_as_party(case: RequestCase) -> bool:
    """Whether the request is the person's to read: the applicant's, or theirs who joined it."""
    return case.mine or case.team.joined


def may_sign(case: RequestCase) -> Verdict:
    """May the person accept the license now? From a browser session alone.

    A stage that closed since the approval does not matter to the applicant: it is about new requests.
    """
    return _accepts(case, scope=None)


def may_propose_sign(case: RequestCase) -> Verdict:
    """May the person, or a token of theirs, prepare a signature that they confirm in a browser?"""
    return _accepts(case, scope="requests")


def _accepts(case: RequestCase, scope: str | None) -> Verdict:
    verdict = first_refusal(
        person_bar(case.person, scope),
        None if case.mine or case.team.joined else NOT_A_PARTY,
        ACCEPTED if case.team.accepted else None,
        APPROVAL_LAPSED if case.state == LAPSED else None,
        table_bar(REQUEST_TRANSITIONS, case.state, "accept", "request"),
        _late_bar(case),
    )
    return verdict and all_releases(case, _entry_codes(case))


def _entry_codes(case: RequestCase) -> frozenset[str]:
    """The bars of entry that whoever accepts must pass. A signatory gets no weights."""
    if case.mine:
        return ENTRY_CODES - {"stage_not_open"}
    return frozenset({"release_withdrawn"}) if case.team.role == SIGNATORY else ENTRY_CODES
