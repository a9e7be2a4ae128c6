"""The one rule of access: each code, their precedence, and that nothing unknown opens anything."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licenses import policies, states
from licenses.bars import DELIVERY, PURPOSES, RULES, SCOPES
from licenses.denials import WORDS
from licenses.facts import (
    Facts,
    GrantFacts,
    KeyFacts,
    Person,
    ReleaseFacts,
    RequestFacts,
    RevisionFacts,
)
from portal.core.verdicts import Allowed, Denied

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

PERSON = Person(signed_in=True, active=True, email_verified=True, country="CH")
STAFF = replace(PERSON, roles=frozenset({"reviewer"}))
RELEASE = ReleaseFacts(title="OPT-175B", strategy="request", stage="researchers")
GRANT = GrantFacts("grt_1", states.ACTIVE, NOW - HOUR, NOW + HOUR)
OWNED = Facts(
    person=PERSON,
    release=RELEASE,
    request=RequestFacts("req_1", states.SIGNED),
    grant=GRANT,
    revision=RevisionFacts("v1", "published"),
    key=KeyFacts(usable=True, postquantum=True),
)
CODES = [
    "login_required", "account_disabled", "email_unverified", "token_scope", "mfa_required",
    "release_withdrawn", "stage_not_open", "api_only", "region_excluded", "no_request", "request_draft",
    "request_pending", "changes_requested", "request_rejected", "request_withdrawn", "request_lapsed",
    "license_unsigned", "grant_not_started", "grant_revoked", "grant_closed", "grant_expired",
    "grant_suspended", "reacceptance_due", "revision_unavailable", "no_recipient_key",
    "recipient_key_unsuitable", "quota_exhausted",
]  # fmt: skip


def code(facts: Facts, purpose: str, now: datetime = NOW) -> str | None:
    verdict = policies.access(facts, purpose, now)
    return verdict.code if isinstance(verdict, Denied) else None


def with_grant(**changes: object) -> Facts:
    return replace(OWNED, grant=replace(GRANT, **changes))  # type: ignore[arg-type]


def with_release(**changes: object) -> Facts:
    return replace(OWNED, release=replace(RELEASE, **changes))  # type: ignore[arg-type]


def asked(state: str) -> Facts:
    return replace(OWNED, grant=None, request=RequestFacts("req_2", state, reason="Too vague."))


# For each code: facts in which it is the only thing in the way of headers.
ALONE = {
    "login_required": replace(OWNED, person=Person(country="CH")),
    "account_disabled": replace(OWNED, person=replace(PERSON, active=False)),
    "email_unverified": replace(OWNED, person=replace(PERSON, email_verified=False)),
    "token_scope": replace(OWNED, person=replace(PERSON, scopes=frozenset({"read"}))),
    "mfa_required": replace(
        with_release(state="unlisted"),
        person=replace(STAFF, second_factor_missing=True),
        request=None,
        grant=None,
    ),
    "release_withdrawn": with_release(state="withdrawn"),
    "stage_not_open": replace(with_release(stage="closed"), grant=None, request=None),
    "api_only": with_release(strategy="api_only"),
    "region_excluded": with_release(exclude_countries=frozenset({"CH"})),
    "no_request": replace(OWNED, grant=None, request=None),
    "request_draft": asked(states.DRAFT),
    "request_pending": asked(states.SUBMITTED),
    "changes_requested": asked(states.CHANGES_REQUESTED),
    "request_rejected": asked(states.REJECTED),
    "request_withdrawn": asked(states.WITHDRAWN),
    "request_lapsed": asked(states.LAPSED),
    "license_unsigned": asked(states.APPROVED),
    "grant_not_started": with_grant(starts_at=NOW + HOUR / 2),
    "grant_revoked": with_grant(state=states.REVOKED, reason="Shared."),
    "grant_closed": with_grant(state=states.CLOSED),
    "grant_expired": with_grant(ends_at=NOW),
    "grant_suspended": with_grant(state=states.SUSPENDED, reason="A question."),
    "reacceptance_due": with_grant(reaccept_by=NOW),
    "revision_unavailable": replace(OWNED, revision=RevisionFacts("v1", "quarantined")),
    "no_recipient_key": replace(OWNED, key=None),
    "recipient_key_unsuitable": replace(
        with_release(postquantum_only=True), key=KeyFacts(usable=True, postquantum=False)
    ),
    "quota_exhausted": replace(OWNED, quota_left=0),
}


def test_the_codes_are_those_promised_in_their_order() -> None:
    assert [rule.code for rule in RULES] == CODES
    assert list(WORDS) == CODES


@pytest.mark.parametrize("purpose", sorted(DELIVERY))
def test_a_live_grant_allows_delivery(purpose: str) -> None:
    assert policies.access(OWNED, purpose, NOW) == Allowed("grt_1")


@pytest.mark.parametrize("wanted", CODES)
def test_each_code_alone_is_the_answer(wanted: str) -> None:
    assert code(ALONE[wanted], "headers") == wanted


def merged(first: str, second: str) -> Facts | None:
    """Facts in which both bars are down, where they do not contradict each other."""
    changes: dict[str, object] = {}
    for name in ("person", "release", "request", "grant", "revision", "key", "quota_left"):
        base, a, b = (getattr(facts, name) for facts in (OWNED, ALONE[first], ALONE[second]))
        if a != base and b != base and a != b:
            return None
        changes[name] = a if a != base else b
    return Facts(**changes)  # type: ignore[arg-type]


def test_of_two_codes_the_earlier_is_the_answer() -> None:
    pairs = [(a, b, merged(a, b)) for a, b in combinations(CODES, 2)]
    judged = [(a, b, facts) for a, b, facts in pairs if facts is not None]
    assert len(judged) > 120
    for first, second, facts in judged:
        # A grant that is gone lets nothing of its own be asked: no bar on it can be the answer.
        assert code(facts, "headers") in (first, second)
        bars = {rule.code for rule in RULES if rule.bars(facts, "headers", NOW)}
        assert code(facts, "headers") == min(bars, key=CODES.index)


@pytest.mark.parametrize("wanted", CODES)
def test_each_code_tells_what_happened_and_the_way_on(wanted: str) -> None:
    verdict = policies.access(ALONE[wanted], "headers", NOW)
    assert isinstance(verdict, Denied)
    assert verdict.message.endswith((".", "”."))
    assert verdict.next_step.endswith(".")
    assert "{" not in verdict.message + verdict.next_step


def test_a_reason_is_shown_and_its_braces_are_text() -> None:
    facts = with_grant(state=states.REVOKED, reason="{release} {0} %s")
    assert "{release} {0} %s" in str(policies.access(facts, "urls", NOW))


# --- who may see a release ---

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


# --- who may request ---

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


# --- delivery: everything that a request and a grant can be, against the rule written out once more ---

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


def test_a_grant_holds_from_its_very_start() -> None:
    assert code(with_grant(starts_at=NOW), "urls") is None


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
