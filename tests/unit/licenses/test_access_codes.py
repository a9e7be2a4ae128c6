"""The one rule of access: each code, their precedence, their words."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from licenses import policies, states
from licenses.bars import RULES
from licenses.denials import WORDS, denied
from licenses.facts import Facts, KeyFacts, Person, RequestFacts, RevisionFacts
from portal.accounts import factors
from portal.core.verdicts import Denied
from tests.unit.licenses.access_facts import (
    HOUR,
    NOW,
    OWNED,
    PERSON,
    STAFF,
    asked,
    code,
    with_grant,
    with_release,
)

CODES = [
    "login_required", "account_disabled", "email_unverified", "token_scope", "mfa_required",
    "release_withdrawn", "stage_not_open", "api_only", "region_excluded", "no_request", "request_draft",
    "request_pending", "changes_requested", "request_rejected", "request_withdrawn", "request_lapsed",
    "license_unsigned", "grant_not_started", "grant_revoked", "grant_closed", "grant_expired",
    "grant_suspended", "reacceptance_due", "revision_unavailable", "no_recipient_key",
    "recipient_key_unsuitable", "quota_exhausted",
]  # fmt: skip

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


@pytest.mark.parametrize("state", [states.SUSPENDED, states.REVOKED])
def test_the_reason_of_a_grant_is_its_own_and_not_that_of_a_renewal_that_was_declined(state: str) -> None:
    facts = with_grant(state=state, reason="Passed on to others.")
    facts = replace(facts, request=RequestFacts("req_2", states.REJECTED, reason="Too vague."))
    said = denied(f"grant_{state}", facts)

    assert "Passed on to others." in said.message
    assert "Too vague." not in said.message


@pytest.mark.parametrize(
    "wanted", ["account_disabled", "grant_revoked", "grant_suspended", "quota_exhausted"]
)
def test_who_is_told_to_write_is_told_whom(wanted: str, settings: Any) -> None:
    settings.CONTACT_EMAIL = "weights-help@example.org"

    assert "weights-help@example.org" in denied(wanted, OWNED).next_step


@pytest.mark.parametrize(("word", "said"), [("passkey", False), ("any", True)])
def test_the_refusal_names_the_factors_that_count_here(settings: Any, word: str, said: bool) -> None:
    """The rule of access and every policy say the same."""
    settings.STAFF_MFA = word
    refusal = factors.mfa_required()
    assert ("authenticator app" in refusal.next_step) == said
    assert denied("mfa_required", Facts(person=Person())) == refusal
