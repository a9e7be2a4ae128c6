"""R8, the pure half: every state × every action × every role gives exactly what the design says."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from licenses import policies, states
from licenses.facts import GrantCase, LicenseCase, Person, ReleaseFacts, RequestCase
from licenses.granting import CAPABILITIES
from portal.core.verdicts import Denied, Verdict

PLAIN = Person(signed_in=True, active=True, email_verified=True, country="CH")
RELEASE = ReleaseFacts(title="OPT-175B", strategy="request", stage="researchers")

# Who asks: (person, is the applicant or holder).
ROLES: dict[str, tuple[Person, bool]] = {
    "anonymous": (Person(), False),
    "stranger": (PLAIN, False),
    "applicant": (PLAIN, True),
    "reviewer": (replace(PLAIN, roles=frozenset({"reviewer"})), False),
    "release manager": (replace(PLAIN, roles=frozenset({"release_manager"})), False),
    "legal lead": (replace(PLAIN, roles=frozenset({"legal_lead"})), False),
    "auditor": (replace(PLAIN, roles=frozenset({"auditor"})), False),
    "administrator": (replace(PLAIN, roles=frozenset({"administrator"})), False),
    "reviewer on their own": (replace(PLAIN, roles=frozenset({"reviewer"})), True),
}
APPLICANTS = {"applicant", "reviewer on their own"}
LEGAL = {"reviewer", "legal lead"}
READING = LEGAL | {"auditor"}

RequestPolicy = Callable[[RequestCase], Verdict]
REQUEST_ACTIONS: dict[str, tuple[RequestPolicy, set[str], set[str]]] = {
    # action: (policy, who may, in which states), written out from the design
    "edit": (policies.may_edit, APPLICANTS, {"draft", "submitted", "changes_requested"}),
    "submit": (policies.may_submit, APPLICANTS, {"draft", "changes_requested"}),
    "confirm_license": (policies.may_confirm_license, APPLICANTS, {"submitted"}),
    "withdraw": (policies.may_withdraw, APPLICANTS, {"draft", "submitted", "changes_requested", "approved"}),
    "appeal": (policies.may_appeal, APPLICANTS, {"rejected"}),
    # While the team's time runs, whoever has not accepted still may after the first grant.
    "sign": (policies.may_sign, APPLICANTS, {"approved", "signed"}),
    "propose_sign": (policies.may_propose_sign, APPLICANTS, {"approved", "signed"}),
    "choose_releases": (policies.may_choose_releases, APPLICANTS, {"draft", "changes_requested"}),
    "remove": (policies.may_remove, APPLICANTS, {"draft", "changes_requested"}),
    "approve": (lambda case: policies.may_vote(case, "approve"), LEGAL, {"submitted"}),
    "reject": (lambda case: policies.may_vote(case, "reject"), LEGAL, {"submitted"}),
    "request_changes": (lambda case: policies.may_vote(case, "request_changes"), LEGAL, {"submitted"}),
}
GRANT_ACTIONS: dict[str, tuple[Callable[[GrantCase], Verdict], set[str], set[str]]] = {
    "suspend": (policies.may_suspend, LEGAL, {"active"}),
    "resume": (policies.may_resume, LEGAL, {"suspended"}),
    "revoke": (policies.may_revoke, {"legal lead"}, {"active", "suspended"}),
}


@pytest.mark.parametrize("action", REQUEST_ACTIONS)
def test_requests_every_state_and_role(action: str) -> None:
    policy, who, when = REQUEST_ACTIONS[action]
    for state, role in product(states.REQUEST_STATES, ROLES):
        person, mine = ROLES[role]
        verdict = policy(RequestCase(person, state, mine=mine, releases=(RELEASE,)))
        assert bool(verdict) is (role in who and state in when), (state, role, verdict)


@pytest.mark.parametrize("action", GRANT_ACTIONS)
def test_grants_every_state_and_role(action: str) -> None:
    policy, who, when = GRANT_ACTIONS[action]
    for state, role in product(states.GRANT_STATES, ROLES):
        person, mine = ROLES[role]
        verdict = policy(GrantCase(person, state, mine=mine))
        assert bool(verdict) is (role in who and state in when), (state, role, verdict)


SPOILED = {
    "account_disabled": {"active": False},
    "email_unverified": {"email_verified": False},
    "token_scope": {"scopes": frozenset({"read"})},
}


@pytest.mark.parametrize("wanted", SPOILED)
@pytest.mark.parametrize("action", [*REQUEST_ACTIONS, *GRANT_ACTIONS])
def test_an_account_that_may_not_act_is_refused_whatever_it_asks(action: str, wanted: str) -> None:
    if action in REQUEST_ACTIONS:
        policy, who, when = REQUEST_ACTIONS[action]
        person, mine = ROLES[min(who)]
        case = RequestCase(replace(person, **SPOILED[wanted]), min(when), mine=mine, releases=(RELEASE,))
        verdict = policy(case)
    else:
        grant_policy, who, when = GRANT_ACTIONS[action]
        person, mine = ROLES["reviewer"]
        verdict = grant_policy(GrantCase(replace(person, **SPOILED[wanted]), min(when)))
    assert isinstance(verdict, Denied)
    assert verdict.code == wanted


@pytest.mark.parametrize("action", ["sign", "approve", "reject", "request_changes", *GRANT_ACTIONS])
def test_no_token_signs_votes_or_changes_a_grant(action: str) -> None:
    every_scope = frozenset({"read", "requests", "download"})
    if action in GRANT_ACTIONS:
        person = replace(ROLES["reviewer"][0], scopes=every_scope)
        verdict = GRANT_ACTIONS[action][0](GrantCase(person, min(GRANT_ACTIONS[action][2])))
    else:
        policy, who, when = REQUEST_ACTIONS[action]
        person, mine = ROLES[min(who)]
        verdict = policy(RequestCase(replace(person, scopes=every_scope), min(when), mine=mine))
    assert isinstance(verdict, Denied)
    assert verdict.code == "token_scope"


def test_a_token_with_the_scope_may_propose_a_signature_but_not_sign() -> None:
    person = replace(PLAIN, scopes=frozenset({"requests"}))
    case = RequestCase(person, states.APPROVED, mine=True, releases=(RELEASE,))
    assert policies.may_propose_sign(case)
    assert not policies.may_sign(case)


@pytest.mark.parametrize("action", ["approve", "reject", *GRANT_ACTIONS])
def test_staff_without_a_second_factor_decide_nothing(action: str) -> None:
    """A3"""
    person = replace(ROLES["legal lead"][0], second_factor_missing=True)
    if action in GRANT_ACTIONS:
        verdict = GRANT_ACTIONS[action][0](GrantCase(person, min(GRANT_ACTIONS[action][2])))
    else:
        verdict = REQUEST_ACTIONS[action][0](RequestCase(person, states.SUBMITTED))
    assert isinstance(verdict, Denied)
    assert verdict.code == "mfa_required"


def test_a_reviewer_without_a_second_factor_goes_on_with_their_own_request() -> None:
    person = replace(ROLES["reviewer"][0], second_factor_missing=True)
    assert policies.may_withdraw(RequestCase(person, states.DRAFT, mine=True))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"mine": True}, "own_request"),
        ({"own_organization": True}, "own_organization"),
        ({"voted_before_appeal": True}, "voted_before"),
    ],
)
@pytest.mark.parametrize("verdict", ["approve", "reject", "request_changes"])
def test_who_has_a_stake_in_a_request_does_not_vote_on_it(
    changes: dict[str, bool], wanted: str, verdict: str
) -> None:
    case = RequestCase(ROLES["reviewer"][0], states.SUBMITTED, **changes)  # type: ignore[arg-type]
    answer = policies.may_vote(case, verdict)
    assert isinstance(answer, Denied)
    assert answer.code == wanted


def test_an_approval_needs_the_license_in_force_and_other_verdicts_do_not() -> None:
    case = RequestCase(ROLES["reviewer"][0], states.SUBMITTED, license_current=False)
    approval = policies.may_vote(case, "approve")
    assert isinstance(approval, Denied)
    assert approval.code == "license_changed"
    assert policies.may_vote(case, "reject")
    assert policies.may_vote(case, "request_changes")


def test_an_appeal_is_possible_once() -> None:
    verdict = policies.may_appeal(RequestCase(PLAIN, states.REJECTED, mine=True, appealed=True))
    assert isinstance(verdict, Denied)
    assert verdict.code == "already_appealed"


CLOSED = {
    "release_withdrawn": replace(RELEASE, state="withdrawn"),
    "stage_not_open": replace(RELEASE, stage="closed"),
    "api_only": replace(RELEASE, strategy="api_only"),
    "region_excluded": replace(RELEASE, exclude_countries=frozenset({"CH"})),
}


@pytest.mark.parametrize("wanted", CLOSED)
@pytest.mark.parametrize("action", ["submit", "appeal", "sign", "propose_sign"])
def test_a_release_that_closed_meanwhile_stops_each_step_towards_a_grant(action: str, wanted: str) -> None:
    policy, _, when = REQUEST_ACTIONS[action]
    case = RequestCase(PLAIN, min(when), mine=True, releases=(RELEASE, CLOSED[wanted]))
    verdict = policy(case)
    if wanted == "stage_not_open" and "sign" in action:
        assert verdict, "what was approved can be signed after the stage closed"
    else:
        assert isinstance(verdict, Denied)
        assert verdict.code == wanted


def test_an_unlisted_release_stays_open_to_whose_request_it_is() -> None:
    case = RequestCase(PLAIN, states.DRAFT, mine=True, releases=(replace(RELEASE, state="unlisted"),))
    assert policies.may_submit(case)


@pytest.mark.parametrize("was_submitted", [True, False])
@pytest.mark.parametrize("role", ROLES)
def test_reading_a_request(role: str, was_submitted: bool) -> None:
    person, mine = ROLES[role]
    case = RequestCase(person, states.SUBMITTED, mine=mine, was_submitted=was_submitted)
    assert bool(policies.may_read_request(case)) is (mine or (role in READING and was_submitted))
    assert bool(policies.may_review_request(case)) is (role in READING and was_submitted)


@pytest.mark.parametrize("role", ROLES)
def test_reading_a_grant_and_the_queue(role: str) -> None:
    person, mine = ROLES[role]
    legal = bool(person.roles & {"reviewer", "legal_lead", "auditor"})
    assert bool(policies.may_read_grant(GrantCase(person, states.ACTIVE, mine=mine))) is (mine or legal)
    assert bool(policies.may_review(person)) is legal


@pytest.mark.parametrize("role", ROLES)
def test_publishing_a_license(role: str) -> None:
    person, _ = ROLES[role]
    assert bool(policies.may_publish_license(person)) is (role == "legal lead")


@pytest.mark.parametrize("verb", CAPABILITIES)
def test_who_changes_others_grants_at_all_is_asked_as_of_one_grant(verb: str) -> None:
    """The form for many grants offers what the policy of each allows to the role, and nothing else."""
    of_one = {"suspend": policies.may_suspend, "resume": policies.may_resume, "revoke": policies.may_revoke}
    state = "suspended" if verb == "resume" else "active"
    for person, _ in ROLES.values():
        verdict = of_one.get(verb, policies.may_extend)(GrantCase(person, state))
        assert bool(policies.may_change_grants(person, verb)) is bool(verdict), person.roles


@pytest.mark.parametrize("role", ROLES)
def test_a_negotiated_license_is_read_by_its_people_and_staff(role: str) -> None:
    person, _ = ROLES[role]
    reads = READING | {"release manager", "reviewer on their own"}
    assert bool(policies.may_read_license(LicenseCase(person, "org_lab"))) is (role in reads)
    assert policies.may_read_license(LicenseCase(person))
    assert bool(policies.may_read_license(LicenseCase(person, "org_lab", True))) is person.signed_in
    for changes in ({"email_verified": False}, {"active": False}, {"scopes": frozenset({"download"})}):
        spoiled = replace(person, organization="org_lab", **changes)
        assert not policies.may_read_license(LicenseCase(spoiled, "org_lab", True))
