"""What a program prepared for staff, in their browser: a verdict, a recall; shown, then done or refused."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.internal.userkit import user_id_to_str
from django.test import Client

from licenses import actions, ballots
from licenses.actions.prepared_votes import propose_vote
from licenses.models import Request, Vote, VoteAssertion
from portal.accounts.models import PendingAction
from portal.core.models import AuditEvent
from tests.authenticator import Passkey
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_casting import sign
from tests.unit.web.test_hostile_text import LINES, assert_inert
from tests.unit.web.world import ANSWERS, PASSWORD, World
from weights_vault.actions.prepared_moves import propose_move
from weights_vault.actions.withdraw import withdraw
from weights_vault.models import Release, Revision

pytestmark = pytest.mark.database


def prepared(world: World, request: Request, verdict: str = "reject", **changes: Any) -> PendingAction:
    said = {"reason": "Too wide.", "note": "Ask Ravi.", **changes}
    by = replace(world.by("rosa"), passkey=True)
    return propose_vote(request=request, version=1, verdict=verdict, by=by, now=world.now, **said)


@pytest.fixture
def verdict(world: World, submitted: Request) -> PendingAction:
    return prepared(world, submitted)


@pytest.fixture
def hold(world: World, big: Release) -> PendingAction:
    revision, by = big.revisions.get(), world.by("mika")
    return propose_move(revision=revision, move="quarantine", reason="A file is wrong.", by=by, now=world.now)


@pytest.fixture
def key(world: World, settings: Any) -> Passkey:
    settings.STAFF_MFA = "passkey"
    return Passkey(settings.PORTAL_URL)


@pytest.fixture
def rosa_with_key(world: World, open_as: OpenAs, key: Passkey) -> Client:
    """She signed in with her passkey an hour ago, and has proved nothing since."""
    row, client = key.put_on(world.people["rosa"]), open_as("rosa", fresh=False)
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "mfa", "type": "webauthn", "id": row.pk, "at": time.time() - 3600}
    ]
    session["account_authentication_methods_user"] = user_id_to_str(world.people["rosa"])
    session.save()
    return client


def page(action: PendingAction) -> str:
    return f"/pending/{action.pk}/"


def state(action: PendingAction) -> str:
    action.refresh_from_db()
    return action.state


def newer(world: World, request: Request) -> None:
    changed = {**ANSWERS, "role": "Professor"}
    actions.edit(request=request, answers=changed, by=world.by("ada"), now=world.now)


def test_the_page_says_exactly_what_is_cast(rosa: Client, verdict: PendingAction) -> None:
    text = rosa.get(page(verdict)).content.decode()
    for said in (
        "Ada Lindqvist",
        "OPT-175B",
        "Too wide.",
        "Ask Ravi.",
        verdict.code,
        verdict.payload["request"],
    ):
        assert said in text
    assert 'value="confirm"' in text
    assert not Vote.objects.exists()


def test_confirming_casts_it_and_says_what_came_of_it(rosa: Client, verdict: PendingAction) -> None:
    answer = rosa.post(page(verdict), {"do": "confirm"}, follow=True)
    vote = Vote.objects.get()
    assert (vote.verdict, vote.version, vote.reason, vote.note) == ("reject", 1, "Too wide.", "Ask Ravi.")
    assert "Your verdict is recorded" in answer.content.decode()
    assert state(verdict) == "confirmed"
    assert verdict.result == {"request": vote.request_id, "state": "submitted"}
    left = set(AuditEvent.objects.values_list("kind", flat=True))
    assert {"pending.proposed", "pending.confirmed", "request.voted"} <= left


def test_it_is_cast_once(rosa: Client, verdict: PendingAction) -> None:
    rosa.post(page(verdict), {"do": "confirm"})
    assert rosa.post(page(verdict), {"do": "confirm"}).status_code == 409
    assert Vote.objects.count() == 1


def test_refusing_casts_nothing(rosa: Client, verdict: PendingAction) -> None:
    rosa.post(page(verdict), {"do": "refuse"})
    assert state(verdict) == "refused"
    assert not Vote.objects.exists()


@pytest.mark.parametrize("kind", ["verdict", "hold"])
def test_it_asks_for_the_password_and_then_goes_on(
    open_as: OpenAs, kind: str, request: pytest.FixtureRequest
) -> None:
    action = request.getfixturevalue(kind)
    client = open_as("rosa" if kind == "verdict" else "mika", fresh=False)
    asked = client.post(page(action), {"do": "confirm"})
    assert state(action) == "pending"
    client.post(asked["Location"], {"password": PASSWORD, "next": page(action)})
    assert state(action) == "confirmed"


def test_r7_a_newer_version_leaves_it_unconfirmed(
    world: World, rosa: Client, verdict: PendingAction, submitted: Request
) -> None:
    newer(world, submitted)
    text = rosa.get(page(verdict)).content.decode()
    assert "it is at version 2, you read version 1" in text
    assert 'value="confirm"' not in text
    answer = rosa.post(page(verdict), {"do": "confirm"})
    assert (answer.status_code, "vote_on_old_version" in answer.content.decode()) == (409, True)
    assert state(verdict) == "pending"
    assert not Vote.objects.exists()
    assert rosa.post(page(verdict), {"do": "refuse"}).status_code == 302


def test_it_expires(open_as: OpenAs, verdict: PendingAction) -> None:
    with time_machine.travel(verdict.expires_at + timedelta(seconds=1), tick=False):
        client = open_as("rosa")
        assert 'value="confirm"' not in client.get(page(verdict)).content.decode()
        assert client.post(page(verdict), {"do": "confirm"}).status_code == 409
    assert not Vote.objects.exists()


def test_who_is_no_reviewer_any_more_reads_and_casts_nothing(
    world: World, rosa: Client, verdict: PendingAction
) -> None:
    """A2."""
    world.people["rosa"].role_grants.all().delete()
    text = rosa.get(page(verdict)).content.decode()
    assert "Ada Lindqvist" not in text
    assert rosa.post(page(verdict), {"do": "confirm"}).status_code == 403
    assert state(verdict) == "pending"


@pytest.mark.parametrize("who", ["ada", "ravi", "mika", "alma"])
def test_a1_anothers_is_not_there(open_as: OpenAs, verdict: PendingAction, who: str) -> None:
    assert open_as(who).get(page(verdict)).status_code == 404
    assert open_as(who).post(page(verdict), {"do": "confirm"}).status_code == 404
    assert state(verdict) == "pending"


def test_a_passkey_signs_just_what_is_shown(
    world: World, rosa_with_key: Client, verdict: PendingAction, submitted: Request, key: Passkey
) -> None:
    shown = rosa_with_key.get(page(verdict))
    document = ballots.document(submitted, "reject", "Too wide.", world.people["rosa"])
    assert shown.context["leaves"] == ballots.leaf(document)
    assert "needs JavaScript" in shown.content.decode()
    answer = rosa_with_key.post(page(verdict), {"do": "confirm", **sign(key, shown)})
    assert answer["Location"] == page(verdict)
    assert Vote.objects.get().assertion == VoteAssertion.objects.get()
    assert state(verdict) == "confirmed"


def test_without_the_passkeys_answer_nothing_is_cast(rosa_with_key: Client, verdict: PendingAction) -> None:
    assert "passkey_options" in rosa_with_key.post(page(verdict), {"do": "confirm"}).context
    assert state(verdict) == "pending"
    assert not Vote.objects.exists()


@pytest.mark.parametrize("broken", [{"origin": "https://evil.example"}, {"flags": 1}])
def test_an_answer_that_does_not_fit_leaves_it_pending(
    rosa_with_key: Client, verdict: PendingAction, key: Passkey, broken: dict[str, Any]
) -> None:
    fields = sign(key, rosa_with_key.get(page(verdict)), **broken)
    answer = rosa_with_key.post(page(verdict), {"do": "confirm", **fields})
    assert (answer.status_code, "passkey_refused" in answer.content.decode()) == (403, True)
    assert state(verdict) == "pending"
    assert not Vote.objects.exists()


def test_r7_what_the_passkey_signed_is_not_cast_on_a_newer_version(
    world: World, rosa_with_key: Client, verdict: PendingAction, submitted: Request, key: Passkey
) -> None:
    fields = sign(key, rosa_with_key.get(page(verdict)))
    newer(world, submitted)
    assert rosa_with_key.post(page(verdict), {"do": "confirm", **fields}).status_code == 409
    assert state(verdict) == "pending"
    assert not Vote.objects.exists()


def test_a_passkeys_answer_to_one_confirms_no_other(
    world: World, rosa_with_key: Client, verdict: PendingAction, submitted: Request, key: Passkey
) -> None:
    """A4."""
    other = prepared(world, submitted, "approve", reason="Fine.")
    fields = sign(key, rosa_with_key.get(page(verdict)))
    answer = rosa_with_key.post(page(other), {"do": "confirm", **fields})
    assert (answer.status_code, "ballot_changed" in answer.content.decode()) == (409, True)
    assert (state(other), state(verdict)) == ("pending", "pending")


def test_a_passkeys_answer_does_not_stand_for_a_password(
    world: World, open_as: OpenAs, hold: PendingAction, key: Passkey, settings: Any
) -> None:
    """A4. A form that says it is signed is asked for proof all the same, where nothing is signed."""
    forged = {"do": "confirm", "leaves": "a" * 64, "assertion": "{}"}
    assert open_as("mika", fresh=False).post(page(hold), forged).status_code == 302
    assert state(hold) == "pending"


def test_a3_a_recall_takes_the_factor_of_staff(open_as: OpenAs, hold: PendingAction, key: Passkey) -> None:
    answer = open_as("mika").post(page(hold), {"do": "confirm"})
    assert (answer.status_code, "mfa_required" in answer.content.decode()) == (403, True)
    assert Revision.objects.get(pk=hold.payload["revision"]).state == "published"


def test_a_recall_is_shown_and_then_done(open_as: OpenAs, hold: PendingAction) -> None:
    mika, revision = open_as("mika"), Revision.objects.get(pk=hold.payload["revision"])
    text = mika.get(page(hold)).content.decode()
    for said in ("OPT-175B", revision.name, "A file is wrong.", hold.code, "Quarantine opt-175b"):
        assert said in text
    mika.post(page(hold), {"do": "confirm"})
    revision.refresh_from_db()
    assert (revision.state, revision.state_reason) == ("quarantined", "A file is wrong.")
    assert (state(hold), hold.result) == ("confirmed", {"revision": revision.pk, "state": "quarantined"})
    assert AuditEvent.objects.filter(kind="revision.quarantined", subject=f"revision:{revision.pk}").exists()


def test_a_recall_that_is_not_possible_any_more_stays_undone(
    world: World, open_as: OpenAs, hold: PendingAction
) -> None:
    mika, revision = open_as("mika"), Revision.objects.get(pk=hold.payload["revision"])
    withdraw(revision=revision, reason="For good.", by=world.by("mika"), now=world.now)
    assert 'value="confirm"' not in mika.get(page(hold)).content.decode()
    assert mika.post(page(hold), {"do": "confirm"}).status_code == 409
    assert state(hold) == "pending"


def test_who_manages_releases_no_more_recalls_nothing(
    world: World, open_as: OpenAs, hold: PendingAction
) -> None:
    """A2."""
    world.people["mika"].role_grants.all().delete()
    assert open_as("mika").post(page(hold), {"do": "confirm"}).status_code == 403
    assert Revision.objects.get(pk=hold.payload["revision"]).state == "published"


def test_a5_what_a_program_wrote_is_inert(world: World, rosa: Client, submitted: Request) -> None:
    action = prepared(world, submitted, reason=LINES, note=LINES)
    assert_inert(rosa.get(page(action)).content.decode())


def test_a5_the_reason_of_a_recall_is_inert(world: World, open_as: OpenAs, big: Release) -> None:
    revision, by = big.revisions.get(), world.by("mika")
    action = propose_move(revision=revision, move="withdraw", reason=LINES, by=by, now=world.now)
    assert_inert(open_as("mika").get(page(action)).content.decode())
