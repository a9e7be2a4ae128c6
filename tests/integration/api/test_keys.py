import base64
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from portal.accounts import pending
from portal.accounts.models import PendingAction
from portal.core.models import AuditEvent
from tests.integration.api.world import World, in_browser, session_of, with_token
from weights_vault.models import RecipientKey
from weights_vault.sealed.challenge import answer as answer_to
from weights_vault.sealed.challenge import open_challenge
from weights_vault.sealed.keys import Identity, generate_identity

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def start(world: World, identity: Identity) -> dict[str, str]:
    answer = with_token(world.researcher).post(
        "/api/v1/keys", {"recipient": str(identity.recipient), "name": "laptop"}
    )
    assert answer.status_code == 201, answer.content
    begun: dict[str, str] = answer.json()
    return begun


def solve(world: World, identity: Identity, begun: dict[str, str], origin: str) -> str:
    challenge = open_challenge(
        base64.b64decode(begun["challenge"]),
        identity,
        origin=origin,
        account=world.researcher.public_id,
        now=timezone.now(),
    )
    return answer_to(challenge)


@pytest.mark.parametrize("kind", ["x25519", "mlkem768x25519"])
def test_a_key_is_enrolled_by_proof_and_by_its_owners_word(
    world: World, settings: Settings, kind: str
) -> None:
    identity = generate_identity(kind)
    begun = start(world, identity)
    client = with_token(world.researcher)
    proof = client.post(
        f"/api/v1/keys/{begun['id']}/proof",
        {"answer": solve(world, identity, begun, settings.PORTAL_URL)},
    )
    assert proof.status_code == 202, proof.content
    waiting = proof.json()["pending_action"]
    assert (waiting["kind"], waiting["state"], waiting["result"]) == ("enroll_key", "pending", None)
    assert client.get(f"/api/v1/keys/{begun['id']}").json()["state"] == "proven"
    pending.confirm(
        action=PendingAction.objects.get(pk=waiting["id"]),
        by=session_of(world.researcher),
        now=timezone.now(),
    )
    done = client.get(f"/api/v1/pending-actions/{waiting['id']}").json()
    assert (done["state"], done["result"]["key"]) == ("confirmed", begun["id"])
    shown = client.get(f"/api/v1/keys/{begun['id']}").json()
    assert (shown["state"], shown["kind"]) == ("active", kind)
    assert shown["recipient"] == str(identity.recipient)


def test_a_wrong_answer_spends_the_challenge(world: World, settings: Settings) -> None:
    identity = generate_identity("x25519")
    begun = start(world, identity)
    right = solve(world, identity, begun, settings.PORTAL_URL)
    client = with_token(world.researcher)
    for answer in ("0" * 64, right):
        refused = client.post(
            f"/api/v1/keys/{begun['id']}/proof", {"answer": answer}, HTTP_IDEMPOTENCY_KEY="proof-1"
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "challenge_refused")
    assert not PendingAction.objects.exists()


def test_a_late_answer_is_refused(world: World, settings: Settings) -> None:
    identity = generate_identity("x25519")
    begun = start(world, identity)
    right = solve(world, identity, begun, settings.PORTAL_URL)
    client = with_token(world.researcher)
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        refused = client.post(f"/api/v1/keys/{begun['id']}/proof", {"answer": right})
    assert refused.json()["code"] == "challenge_refused"


LOW_ORDER = "age1" + "q" * 52 + "wqrhsn"
PRIVATE = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"


def not_canonical() -> str:
    return str(generate_identity("x25519").recipient).upper().replace("AGE1", "age1")


@pytest.mark.parametrize(
    "recipient",
    [
        PRIVATE,
        PRIVATE.lower(),
        f" {PRIVATE}\n",
        str(generate_identity("x25519").to_text()),
        str(generate_identity("mlkem768x25519").to_text()),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----",
        "age1",
        "age1qqqq",
        LOW_ORDER,
        not_canonical(),
        "age1pq1" + "q" * 1900,
        "x" * 5000,
        "\u0430ge1" + "q" * 58,
    ],
    ids=str.__len__,
)
def test_g9_an_unfit_recipient_is_400_not_stored_and_not_echoed(world: World, recipient: str) -> None:
    answer = with_token(world.researcher).post("/api/v1/keys", {"recipient": recipient, "name": "laptop"})
    assert answer.status_code == 400
    assert answer.json()["code"] in ("recipient_key_unsuitable", "invalid")
    assert "recipient" in answer.json()["errors"]
    assert not RecipientKey.objects.exists()
    written = answer.content.decode() + str(list(AuditEvent.objects.values()))
    if len(recipient) > 40:
        assert recipient.strip()[10:40] not in written


def test_g9_a_point_of_low_order_is_refused(world: World) -> None:
    from weights_vault.sealed.bech32 import encode

    for point in (bytes(32), b"\x01" + bytes(31)):
        answer = with_token(world.researcher).post(
            "/api/v1/keys", {"recipient": encode("age", point), "name": "laptop"}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "recipient_key_unsuitable")
    assert not RecipientKey.objects.exists()


def test_a_key_enrolled_elsewhere_is_409_without_saying_whose(world: World) -> None:
    _, identity = world.key(of=world.other)
    answer = with_token(world.researcher).post(
        "/api/v1/keys", {"recipient": str(identity.recipient), "name": "laptop"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "recipient_key_taken")
    assert "bob" not in answer.content.decode().lower()


def test_a_token_proposes_a_removal_and_removes_nothing(world: World) -> None:
    key, _ = world.key()
    answer = with_token(world.researcher).delete(f"/api/v1/keys/{key.pk}")
    assert answer.status_code == 202
    assert answer.json()["pending_action"]["kind"] == "remove_key"
    key.refresh_from_db()
    assert key.state == "active"


def test_no_token_confirms_its_own_proposal(world: World) -> None:
    key, _ = world.key()
    client = with_token(world.researcher)
    waiting = client.delete(f"/api/v1/keys/{key.pk}").json()["pending_action"]
    for send in (client.post, client.patch, client.put, client.delete):
        answer = send(f"/api/v1/pending-actions/{waiting['id']}", {"state": "confirmed"})
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert PendingAction.objects.get().state == "pending"


def test_a_pending_action_that_nobody_confirmed_shows_as_expired(world: World) -> None:
    key, _ = world.key()
    client = with_token(world.researcher)
    waiting = client.delete(f"/api/v1/keys/{key.pk}").json()["pending_action"]
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        shown = client.get(f"/api/v1/pending-actions/{waiting['id']}").json()
    assert shown["state"] == "expired"


def test_keys_and_pending_actions_of_others_are_404(world: World) -> None:
    key, _ = world.key()
    waiting = with_token(world.researcher).delete(f"/api/v1/keys/{key.pk}").json()["pending_action"]
    for client in (with_token(world.other), in_browser(world.reviewers[0]), in_browser(world.manager)):
        assert client.get(f"/api/v1/keys/{key.pk}").status_code == 404
        assert client.delete(f"/api/v1/keys/{key.pk}").status_code == 404
        assert client.post(f"/api/v1/keys/{key.pk}/proof", {"answer": "0" * 64}).status_code == 404
        assert client.get(f"/api/v1/pending-actions/{waiting['id']}").status_code == 404
        assert client.get("/api/v1/keys").json()["results"] == []


def test_the_list_takes_the_same_queries_for_one_key_and_for_many(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        world.key(kind="x25519")
    client = with_token(world.researcher)
    with django_assert_max_num_queries(5):
        answer = client.get("/api/v1/keys")
    assert len(answer.json()["results"]) == 12
