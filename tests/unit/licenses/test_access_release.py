"""The one rule of access, by release: who may see it, who may request it, and when it can be published."""

from dataclasses import replace

import pytest

from licenses import policies, states
from licenses.bars import DELIVERY, PURPOSES, SCOPES
from licenses.facts import Facts, Person, RequestFacts
from portal.core.verdicts import Denied
from tests.unit.licenses.access_facts import (
    NOW,
    OWNED,
    PERSON,
    RELEASE,
    STAFF,
    asked,
    code,
    with_grant,
    with_release,
)

SEEN_BY_ALL = {"listed"}


@pytest.mark.parametrize("release_state", ["listed", "unlisted", "withdrawn", "unheard-of"])
@pytest.mark.parametrize("related", [True, False])
@pytest.mark.parametrize(
    ("person", "staff"),
    [
        (Person(), False),
        (PERSON, False),
        (replace(PERSON, email_verified=False), False),
        (replace(PERSON, scopes=frozenset()), False),
        (STAFF, True),
        (replace(STAFF, second_factor_missing=True), False),
        (replace(PERSON, active=False), False),
    ],
)
def test_seeing(release_state: str, related: bool, person: Person, staff: bool) -> None:
    facts = Facts(
        person=person,
        release=replace(RELEASE, state=release_state),
        request=RequestFacts("req_1", states.DRAFT) if person.signed_in else None,
        asked=related and person.signed_in,
    )
    may = release_state in SEEN_BY_ALL or (person.signed_in and person.active and (facts.related or staff))
    assert bool(policies.access(facts, "see", NOW)) is may


STRANGER = replace(OWNED, grant=None, request=None)


@pytest.mark.parametrize("state", list(states.REQUEST_STATES))
def test_a_request_under_way_bars_a_second_one_and_a_finished_one_does_not(state: str) -> None:
    answer = code(asked(state), "request")
    in_the_way = {
        states.DRAFT: "request_draft",
        states.SUBMITTED: "request_pending",
        states.CHANGES_REQUESTED: "changes_requested",
        states.APPROVED: "license_unsigned",
    }
    assert answer == in_the_way.get(state)


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"state": states.SUSPENDED}, "grant_suspended"),
        ({"state": states.REVOKED}, None),
        ({"state": states.CLOSED}, None),
        ({"ends_at": NOW}, None),
        ({"ends_at": NOW, "state": states.SUSPENDED}, None),
    ],
)
def test_what_a_grant_means_for_a_new_request(changes: dict[str, object], answer: str | None) -> None:
    assert code(with_grant(**changes), "request") == answer


def test_who_holds_a_grant_may_not_draft_another_request() -> None:
    verdict = policies.may_draft(OWNED, NOW)
    assert isinstance(verdict, Denied)
    assert verdict.code == "grant_live"


@pytest.mark.parametrize("strategy", ["open", "click_through"])
def test_only_the_strategy_request_takes_requests(strategy: str) -> None:
    facts = replace(with_release(strategy=strategy), grant=None, request=None)
    verdict = policies.may_draft(facts, NOW)
    assert isinstance(verdict, Denied)
    assert verdict.code == "not_on_request"


@pytest.mark.parametrize(
    ("stage", "organization", "may"),
    [
        ("closed", "org_a", False),
        ("partners", "org_a", True),
        ("partners", "org_b", False),
        ("partners", "", False),
        ("researchers", "", True),
        ("public", "", True),
        ("unheard-of", "org_a", False),
    ],
)
def test_stages_admit(stage: str, organization: str, may: bool) -> None:
    facts = replace(
        STRANGER,
        person=replace(PERSON, organization=organization),
        release=replace(RELEASE, stage=stage, partners=frozenset({"org_a"})),
    )
    assert (code(facts, "request") is None) is may


def test_an_unknown_country_is_no_way_round_an_exclusion() -> None:
    facts = replace(with_release(exclude_countries=frozenset({"AQ"})), person=replace(PERSON, country=""))
    assert code(facts, "urls") == "region_excluded"


def test_a_stage_that_closes_again_leaves_grants_alone() -> None:
    assert code(with_release(stage="closed"), "manifest") is None


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_token_needs_the_scope_of_the_purpose_and_no_other(purpose: str) -> None:
    base = OWNED if purpose in DELIVERY else STRANGER
    for scopes in ({"read"}, {"requests"}, {"download"}, {"read", "requests", "download"}):
        facts = replace(base, person=replace(PERSON, scopes=frozenset(scopes)))
        enough = purpose == "see" or SCOPES[purpose] in scopes
        assert code(facts, purpose) == (None if enough else "token_scope")


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        ("request", None),
        ("", "terms_missing"),
        ("open", "strategy_unavailable"),
        ("click_through", "strategy_unavailable"),
    ],
)
def test_what_can_be_published(strategy: str, wanted: str | None) -> None:
    verdict = policies.may_publish(replace(RELEASE, strategy=strategy))
    assert (verdict.code if isinstance(verdict, Denied) else None) == wanted
