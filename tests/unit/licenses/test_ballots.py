"""A verdict is signed by its reviewer's passkey, over just what it says, once."""

import hashlib
import json
import secrets
from typing import Any

import pytest

from licenses import actions, ballots
from licenses.actions import balloting
from licenses.ballots import Signed
from licenses.models import Party, Request, Vote, VoteAssertion
from portal.accounts.assertions import AssertionRefused, verify
from portal.accounts.passkeys import credential
from portal.accounts.principals import Principal, principal_for
from portal.core.models import AuditEvent
from portal.core.problems import Conflict, NotPermitted
from tests.authenticator import Passkey
from tests.integration.licenses.race import codes as refusals
from tests.integration.licenses.race import crew
from tests.unit.licenses.world import ANSWERS, DAY, NOW, World, person

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True)
def _signed_votes(settings: Any) -> None:
    settings.STAFF_MFA = "passkey"


def reviewer(by: Principal) -> Principal:
    """The same person, in a session that proved a passkey."""
    return principal_for(by.person, mfa=True, passkey=True)


@pytest.fixture
def rita(world: World) -> Principal:
    return reviewer(world.rita)


@pytest.fixture
def key(rita: Principal, settings: Any) -> Passkey:
    key = Passkey(settings.PORTAL_URL)
    key.put_on(rita.person)
    return key


@pytest.fixture
def sent(world: World) -> Request:
    return world.submit(world.draft())


def signed(
    key: Passkey, *requests: Request, by: Principal, verdict: str = "approve", reason: str = ""
) -> Signed:
    """What the page would send after the reviewer used the passkey."""
    leaves = balloting.prepared(requests, verdict, reason, by.person)
    answer = key.assertion(ballots.challenge(leaves))
    return Signed.parse(json.dumps(answer), " ".join(leaves))


def vote(request: Request, by: Principal, signed: Signed | None, **said: Any) -> Request:
    given = {"version": request.version, "verdict": "approve", "reason": "", "note": "", "now": NOW, **said}
    return actions.vote(request=request, by=by, signed=signed, **given)


def test_document_says_what_is_cast_and_its_leaf_is_the_hash_of_it(sent: Request, rita: Principal) -> None:
    document = ballots.document(sent, "approve", "Fine.", rita.person)
    assert document == {
        "v": 1,
        "portal": "http://localhost:8000",
        "request": sent.pk,
        "version": 1,
        "applicant": sent.applicant.public_id,
        "parties": [],
        "releases": ["opt-175b"],
        "license_sha256": sent.license_version.sha256 if sent.license_version else "",
        "quorum": sent.quorum,
        "verdict": "approve",
        "reason_sha256": hashlib.sha256(b"Fine.").hexdigest(),
        "reviewer": rita.person.public_id,
    }
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert ballots.leaf(document) == hashlib.sha256(canonical.encode()).hexdigest()


def test_parties_stand_in_it_by_account_or_by_the_hash_of_their_address(
    sent: Request, rita: Principal
) -> None:
    kim = person("kim")
    fields: dict[str, Any] = {"request": sent, "full_name": "X", "state_at": NOW, "asked_at": NOW}
    Party.objects.create(role="co_applicant", email="kim@example.org", user=kim, state="joined", **fields)
    Party.objects.create(role="signatory", email="dean@example.org", **fields)
    Party.objects.create(role="co_applicant", email="gone@example.org", **{**fields, "state": "dropped"})
    document = ballots.document(sent, "approve", "", rita.person)
    assert document["parties"] == sorted(
        [kim.public_id, "mail:" + hashlib.sha256(b"dean@example.org").hexdigest()]
    )


def test_challenge_is_of_the_leaves_in_any_order() -> None:
    one, two = "a" * 64, "b" * 64
    expected = hashlib.sha256(f"weights-portal votes v1\n{one}\n{two}".encode()).digest()
    assert ballots.challenge([two, one]) == ballots.challenge([one, two]) == expected


def test_signed_verdict_is_kept_with_everything_that_proves_it(
    sent: Request, rita: Principal, key: Passkey
) -> None:
    vote(sent, rita, signed(key, sent, by=rita))
    cast = Vote.objects.get()
    kept = cast.assertion
    assert kept is not None
    assert cast.document is not None
    assert kept.leaves == [ballots.leaf(cast.document)]
    assert kept.credential_id == key.id.hex()
    answer = ballots.Assertion(
        key.id, bytes(kept.authenticator_data), bytes(kept.client_data), bytes(kept.signature)
    )
    verify(
        answer,
        public_key=key.public_key,
        portal_url="http://localhost:8000",
        challenge=ballots.challenge(kept.leaves),
    )


def test_a3_verdict_without_a_passkey_is_refused(sent: Request, rita: Principal, key: Passkey) -> None:
    with pytest.raises(NotPermitted) as refused:
        vote(sent, rita, None)
    assert refused.value.code == "passkey_required"
    assert f"/review/{sent.pk}/" in refused.value.next_step
    assert not Vote.objects.exists()


def test_a3_session_without_a_passkey_gives_no_verdict(world: World, sent: Request, key: Passkey) -> None:
    with pytest.raises(NotPermitted) as refused:
        vote(sent, world.rita, signed(key, sent, by=world.rita))
    assert refused.value.code == "mfa_required"


def test_no_passkey_is_asked_for_where_codes_will_do(world: World, sent: Request, settings: Any) -> None:
    settings.STAFF_MFA = "any"
    vote(sent, world.rita, None)
    cast = Vote.objects.get()
    assert (cast.document, cast.assertion) == (None, None)


@pytest.mark.parametrize("changed", [{"verdict": "reject", "reason": "No."}, {"reason": "Other words."}])
def test_another_verdict_than_the_one_that_was_signed_is_refused(
    sent: Request, rita: Principal, key: Passkey, changed: dict[str, str]
) -> None:
    with pytest.raises(Conflict) as refused:
        vote(sent, rita, signed(key, sent, by=rita), **changed)
    assert refused.value.code == "ballot_changed"
    assert not Vote.objects.exists()


def test_signature_over_an_older_version_is_refused(
    world: World, sent: Request, rita: Principal, key: Passkey
) -> None:
    """R7."""
    before = signed(key, sent, by=rita)
    applicant = principal_for(sent.applicant)
    sent = actions.edit(request=sent, answers={**ANSWERS, "field": "nlp"}, by=applicant, now=NOW)
    with pytest.raises(Conflict) as refused:
        vote(sent, rita, before)
    assert refused.value.code == "ballot_changed"


def wrong_leaves(key: Passkey, sent: Request, by: Principal) -> Signed:
    """The leaf is right; what the passkey signed is another challenge."""
    [leaf] = balloting.prepared([sent], "approve", "", by.person)
    return Signed.parse(json.dumps(key.assertion(secrets.token_bytes(32))), leaf)


def test_passkey_over_something_else_is_refused(sent: Request, rita: Principal, key: Passkey) -> None:
    with pytest.raises(NotPermitted) as refused:
        vote(sent, rita, wrong_leaves(key, sent, rita))
    assert refused.value.code == "passkey_refused"
    assert not VoteAssertion.objects.exists()


def test_passkey_of_somebody_else_is_refused(
    world: World, sent: Request, rita: Principal, key: Passkey, settings: Any
) -> None:
    theirs = Passkey(settings.PORTAL_URL)
    theirs.put_on(sent.applicant)
    for stranger in (theirs, Passkey(settings.PORTAL_URL)):
        with pytest.raises(NotPermitted) as refused:
            vote(sent, rita, signed(stranger, sent, by=rita))
        assert refused.value.code == "passkey_refused"


def test_passkey_that_was_taken_away_signs_nothing(sent: Request, rita: Principal, key: Passkey) -> None:
    before = signed(key, sent, by=rita)
    rita.person.authenticator_set.all().delete()  # type: ignore[attr-defined] # allauth has no types
    with pytest.raises(NotPermitted) as refused:
        vote(sent, rita, before)
    assert refused.value.code == "passkey_refused"


def test_a4_an_answer_brings_no_verdict_back_later(sent: Request, rita: Principal, key: Passkey) -> None:
    Request.objects.update(quorum=2)
    sent.refresh_from_db()
    first = signed(key, sent, by=rita)
    vote(sent, rita, first)
    vote(sent, rita, first)  # a second click
    assert Vote.objects.count() == 1
    no = {"verdict": "reject", "reason": "No."}
    vote(sent, rita, signed(key, sent, by=rita, **no), **no)
    with pytest.raises(NotPermitted) as refused:
        vote(sent, rita, first, now=NOW + DAY)
    assert refused.value.code == "passkey_refused"
    assert Vote.objects.get(superseded_at__isnull=True).verdict == "reject"


def test_counter_that_falls_behind_leaves_a_line(sent: Request, rita: Principal, settings: Any) -> None:
    key = Passkey(settings.PORTAL_URL, counter=5)
    row = key.put_on(rita.person)
    row.data = {**row.data, "sign_count": 900}
    row.save()
    vote(sent, rita, signed(key, sent, by=rita))
    event = AuditEvent.objects.get(kind="account.passkey_counter_behind")
    assert event.data == {"known": 900, "said": 6}
    row.refresh_from_db()
    assert (row.data["sign_count"], row.last_used_at is not None) == (900, True)
    assert credential(row).credential_id == key.id


def test_r9_one_answer_signs_many_verdicts(world: World, rita: Principal, key: Passkey) -> None:
    requests = [
        world.submit(world.draft(session), session)
        for session in (principal_for(person(f"p{number}"), mfa=True) for number in range(3))
    ]
    signature = signed(key, *requests[:2], by=rita)
    votes = [actions.Ballot(request, request.version, "approve") for request in requests]
    outcomes = actions.vote_many(votes=votes, by=rita, now=NOW, signed=signature)
    codes = [outcome.problem.code if outcome.problem else "" for outcome in outcomes]
    assert codes == ["", "", "ballot_changed"]
    assert VoteAssertion.objects.count() == 1
    assert {vote.assertion_id for vote in Vote.objects.all()} == {VoteAssertion.objects.get().pk}


@pytest.mark.django_db(transaction=True)
def test_a4_one_answer_sent_fifty_times_at_once_counts_once(
    world: World, sent: Request, rita: Principal, key: Passkey
) -> None:
    once = signed(key, sent, by=rita)

    with crew(50) as race:
        answers = race.run(*[lambda: vote(sent, rita, once)] * 50)
    assert len(refusals(answers)) < 50
    assert Vote.objects.count() == VoteAssertion.objects.count() == 1


@pytest.mark.parametrize("leaves", ["", "x", "A" * 64, "a" * 63, " ".join(["a" * 64] * 101)])
def test_leaves_that_are_none_are_refused(rita: Principal, key: Passkey, leaves: str) -> None:
    with pytest.raises(AssertionRefused):
        Signed.parse(json.dumps(key.assertion(b"\1" * 32)), leaves)


def test_same_verdict_with_another_passkey_is_kept_and_a_second_click_is_not(
    sent: Request, rita: Principal, key: Passkey, settings: Any
) -> None:
    """The keeper may trust only the passkey that she signs with now."""
    other = Passkey(settings.PORTAL_URL)
    other.put_on(rita.person, "Key on the ring")
    for passkey in (key, other, other):
        vote(sent, rita, signed(passkey, sent, by=rita))
    standing = Vote.objects.get(superseded_at=None)
    assert standing.assertion is not None
    assert standing.assertion.credential_id == other.id.hex()
    assert Vote.objects.count() == 2
