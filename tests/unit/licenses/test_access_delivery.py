"""The one rule of access, for delivery: everything that a request and a grant can be, and what is unknown."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licenses import policies, states
from licenses.bars import DELIVERY
from licenses.facts import Facts, GrantFacts, KeyFacts, Person, ReleaseFacts, RequestFacts, RevisionFacts
from portal.core.verdicts import Allowed
from tests.unit.licenses.access_facts import (
    GRANT,
    HOUR,
    NOW,
    OWNED,
    PERSON,
    RELEASE,
    code,
    with_grant,
    with_release,
)

GRANTS = [
    None,
    *(replace(GRANT, state=state) for state in states.GRANT_STATES),
    replace(GRANT, starts_at=NOW + HOUR / 2),
    replace(GRANT, ends_at=NOW),
    replace(GRANT, ends_at=NOW, state=states.SUSPENDED),
    replace(GRANT, reaccept_by=NOW),
    replace(GRANT, reaccept_by=NOW + HOUR),
]
REQUESTS = [None, *(RequestFacts("req_2", state) for state in states.REQUEST_STATES)]
EXPLAINED = {
    states.DRAFT: "request_draft",
    states.SUBMITTED: "request_pending",
    states.CHANGES_REQUESTED: "changes_requested",
    states.REJECTED: "request_rejected",
    states.WITHDRAWN: "request_withdrawn",
    states.LAPSED: "request_lapsed",
    states.APPROVED: "license_unsigned",
}


def expected(facts: Facts, purpose: str) -> str | None:
    """The rule for a person in good standing, as the design says it."""
    grant, request = facts.grant, facts.request
    stands = grant is not None and grant.state in ("active", "suspended") and grant.ends_at > NOW
    if not stands and request is not None and request.state in EXPLAINED:
        return EXPLAINED[request.state]
    if grant is None:
        return "no_request"
    if grant.starts_at > NOW:
        return "grant_not_started"
    if grant.state in ("revoked", "closed"):
        return f"grant_{grant.state}"
    if grant.ends_at <= NOW:
        return "grant_expired"
    if grant.state == "suspended":
        return "grant_suspended"
    if grant.reaccept_by is not None and grant.reaccept_by <= NOW:
        return "reacceptance_due"
    if facts.revision is not None and facts.revision.state != "published":
        return "revision_unavailable"
    if purpose == "headers" and (facts.key is None or not facts.key.usable):
        return "no_recipient_key"
    if purpose == "headers" and facts.release.postquantum_only and not facts.key.postquantum:  # type: ignore[union-attr]
        return "recipient_key_unsuitable"
    return None


def test_every_request_and_grant_for_every_delivery_purpose() -> None:
    revisions = [
        None,
        *(RevisionFacts("v1", s) for s in ("sealing", "gated", "published", "quarantined", "withdrawn")),
    ]
    keys = [
        None,
        *(KeyFacts(usable, postquantum) for usable, postquantum in product([True, False], repeat=2)),
    ]
    count = 0
    for request, grant, revision, key, strict in product(REQUESTS, GRANTS, revisions, keys, [True, False]):
        release = replace(RELEASE, postquantum_only=strict)
        facts = Facts(PERSON, release, request, grant, revision, key)
        for purpose in sorted(DELIVERY):
            assert code(facts, purpose) == expected(facts, purpose), (facts, purpose)
            count += 1
    assert count == 9 * 10 * 6 * 5 * 2 * 3


def test_an_open_release_needs_neither_account_nor_grant_once_it_is_public() -> None:
    public = replace(RELEASE, strategy="open", stage="public")
    for purpose in DELIVERY:
        assert policies.access(Facts(release=public), purpose, NOW) == Allowed(None)
        assert code(Facts(release=replace(public, state="withdrawn")), purpose) == "release_withdrawn"
        assert code(Facts(release=replace(public, stage="researchers")), purpose) == "login_required"


@pytest.mark.parametrize("purpose", sorted(DELIVERY))
def test_a_live_grant_allows_delivery(purpose: str) -> None:
    assert policies.access(OWNED, purpose, NOW) == Allowed("grt_1")


def test_a_grant_holds_from_its_very_start() -> None:
    assert code(with_grant(starts_at=NOW), "urls") is None


WORDS_OF_STATES = st.sampled_from(
    [
        "",
        "active",
        "suspended",
        "revoked",
        "closed",
        "signed",
        "draft",
        "approved",
        "published",
        "gated",
        "listed",
        "x",
    ]
)
MOMENTS = st.sampled_from([NOW - HOUR, NOW, NOW + HOUR])


@given(
    person=st.builds(
        Person,
        signed_in=st.booleans(),
        active=st.booleans(),
        email_verified=st.booleans(),
        scopes=st.sampled_from([None, frozenset(), frozenset({"download"})]),
        roles=st.sampled_from([frozenset(), frozenset({"reviewer"}), frozenset({"administrator"})]),
        second_factor_missing=st.booleans(),
        country=st.sampled_from(["", "CH", "AQ"]),
    ),
    release=st.builds(
        ReleaseFacts,
        state=st.sampled_from(["listed", "unlisted", "withdrawn", "x"]),
        strategy=st.sampled_from(["request", "click_through", "api_only", "", "x"]),
        stage=st.sampled_from(["closed", "partners", "researchers", "public", "x"]),
        exclude_countries=st.sampled_from([frozenset(), frozenset({"AQ"})]),
    ),
    request=st.none() | st.builds(RequestFacts, st.just("req_1"), WORDS_OF_STATES),
    grant=st.none()
    | st.builds(
        GrantFacts, st.just("grt_1"), WORDS_OF_STATES, MOMENTS, MOMENTS, st.just(""), st.none() | MOMENTS
    ),
    revision=st.none() | st.builds(RevisionFacts, st.just("v1"), WORDS_OF_STATES),
    purpose=st.sampled_from(sorted(DELIVERY)),
)
def test_whatever_the_facts_delivery_means_a_live_grant_of_a_person_in_good_standing(
    person: Person,
    release: ReleaseFacts,
    request: RequestFacts | None,
    grant: GrantFacts | None,
    revision: RevisionFacts | None,
    purpose: str,
) -> None:
    facts = Facts(person, release, request, grant, revision, KeyFacts(usable=True, postquantum=True))
    if policies.access(facts, purpose, NOW):
        assert grant is not None
        assert grant.state == "active"
        assert grant.starts_at <= NOW < grant.ends_at
        assert person.signed_in
        assert person.active
        assert person.email_verified
        assert release.state in ("listed", "unlisted")
        assert release.strategy in ("request", "click_through")
        assert revision is None or revision.state == "published"


@pytest.mark.parametrize(
    "facts",
    [
        with_grant(state="unheard-of"),
        with_release(state="unheard-of"),
        with_release(strategy="unheard-of"),
        with_release(strategy=""),
        replace(OWNED, revision=RevisionFacts("v1", "unheard-of")),
        replace(OWNED, grant=None, request=RequestFacts("req_2", "unheard-of")),
        replace(OWNED, grant=None, request=RequestFacts("req_2", states.SIGNED)),
    ],
)
@pytest.mark.parametrize("purpose", sorted(DELIVERY))
def test_what_the_rule_does_not_know_opens_nothing(facts: Facts, purpose: str) -> None:
    assert code(facts, purpose) is not None


def test_an_unknown_purpose_is_a_mistake_of_ours() -> None:
    with pytest.raises(RuntimeError, match="purpose"):
        policies.access(OWNED, "peek", NOW)
