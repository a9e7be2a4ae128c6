"""What the staff's scopes prepare: a verdict, a recall. A token alone neither votes nor moves anything."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from licenses.actions import drafting
from licenses.models import Request, Vote
from portal.accounts.models import PendingAction, RoleGrant, User
from portal.accounts.principals import principal_for
from portal.accounts.tokens import create_token
from portal.core.models import AuditEvent
from tests.authenticator import Passkey
from tests.integration.api.world import World, revision_of, session_of, with_secret, with_token
from weights_vault.models import Revision

pytestmark = [pytest.mark.django_db, pytest.mark.database]

APPROVE = {"version": 1, "verdict": "approve", "reason": "A clear plan.", "note": "Known group."}
HOLD = {"move": "quarantine", "reason": "A file is wrong."}


@pytest.fixture
def submitted(world: World) -> Request:
    return world.submitted()


@pytest.fixture
def ravi(world: World) -> APIClient:
    """A reviewer's program."""
    return with_token(world.reviewers[1], "read", "review")


@pytest.fixture
def mona(world: World) -> APIClient:
    """A release manager's program."""
    return with_token(world.manager, "read", "publish")


def votes(request: Request) -> str:
    return f"/api/v1/requests/{request.pk}/votes"


def moves(revision: Revision) -> str:
    return f"/api/v1/revisions/{revision.pk}/moves"


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_a_token_with_review_prepares_a_verdict_and_votes_nothing(
    ravi: APIClient, submitted: Request
) -> None:
    answer = ravi.post(votes(submitted), APPROVE, format="json")
    shown = answer.json()["pending_action"]
    action = PendingAction.objects.get()
    assert answer.status_code == 202
    assert (shown["id"], shown["kind"], shown["code"]) == (action.pk, "cast_vote", action.code)
    assert shown["url"].endswith(f"/pending/{action.pk}/")
    assert "“Approve” on version 1" in shown["summary"]
    assert {name: action.payload[name] for name in APPROVE} == APPROVE
    assert not Vote.objects.exists()
    assert ravi.get(f"/api/v1/pending-actions/{action.pk}").json()["state"] == "pending"
    assert AuditEvent.objects.filter(kind="pending.proposed", subject=f"pending:{action.pk}").exists()


def test_it_needs_no_other_scope_to_prepare_one(world: World, submitted: Request) -> None:
    answer = with_token(world.reviewers[1], "review").post(votes(submitted), APPROVE, format="json")
    assert answer.status_code == 202


def test_the_sentence_of_a_verdict_names_nobody(ravi: APIClient, world: World, submitted: Request) -> None:
    """It stays with the reviewer's account, which outlives the applicant's."""
    ravi.post(votes(submitted), APPROVE, format="json")
    summary = PendingAction.objects.get().summary
    assert world.researcher.full_name not in summary
    assert world.researcher.email not in summary


def test_the_same_key_prepares_one_verdict(ravi: APIClient, submitted: Request) -> None:
    answers = [
        ravi.post(votes(submitted), APPROVE, format="json", HTTP_IDEMPOTENCY_KEY="once").json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert PendingAction.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"version": 2, "verdict": "approve"}, (400, "vote_invalid")),
        ({"version": 1, "verdict": "reject"}, (400, "vote_invalid")),
        ({"version": 1, "verdict": "perhaps"}, (400, "invalid")),
    ],
)
def test_what_cannot_be_voted_is_not_prepared(
    ravi: APIClient, submitted: Request, said: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert told(ravi.post(votes(submitted), said, format="json")) == expected
    assert not PendingAction.objects.exists()


def test_r7_a_verdict_on_an_earlier_version_is_not_prepared(
    ravi: APIClient, world: World, submitted: Request
) -> None:
    changed, by = {"purpose": "Another."}, session_of(world.researcher)
    drafting.edit(request=submitted, answers=changed, by=by, now=timezone.now())
    answer = ravi.post(votes(submitted), APPROVE, format="json")
    assert told(answer) == (409, "vote_on_old_version")
    assert not PendingAction.objects.exists()


def test_nobody_prepares_a_verdict_on_their_own_request(world: World) -> None:
    own = world.submitted(world.reviewers[1])
    client = with_token(world.reviewers[1], "read", "review")
    assert told(client.post(votes(own), APPROVE, format="json")) == (403, "own_request")


@pytest.mark.parametrize("scopes", [("read",), ("read", "requests", "download", "attest"), ("publish",)])
def test_no_other_scope_prepares_a_verdict(world: World, submitted: Request, scopes: tuple[str, ...]) -> None:
    RoleGrant.objects.create(
        user=world.reviewers[1], role="release_manager", by="system:test", at=timezone.now()
    )
    answer = with_token(world.reviewers[1], *scopes).post(votes(submitted), APPROVE, format="json")
    assert told(answer) == (403, "token_scope")


def test_an_auditor_prepares_nothing(world: World, submitted: Request) -> None:
    client = with_token(world.auditor, "read", "review")
    assert client.get(f"/api/v1/requests/{submitted.pk}").status_code == 200
    assert told(client.post(votes(submitted), APPROVE, format="json")) == (403, "role_required")


def test_a_role_that_is_taken_away_prepares_nothing(
    world: World, submitted: Request, ravi: APIClient, mona: APIClient
) -> None:
    """A2."""
    RoleGrant.objects.all().delete()
    assert ravi.post(votes(submitted), APPROVE, format="json").status_code == 404
    assert told(mona.post(moves(world.revision), HOLD, format="json")) == (403, "not_permitted")


def test_a3_staffs_scopes_prepare_with_the_factor_of_staff_alone(
    world: World, submitted: Request, settings: Any, ravi: APIClient, mona: APIClient
) -> None:
    settings.STAFF_MFA = "passkey"
    assert ravi.post(votes(submitted), APPROVE, format="json").status_code == 404  # nor is it read
    assert told(mona.post(moves(world.revision), HOLD, format="json")) == (403, "mfa_required")
    reviewer = _with_passkey(world.reviewers[0], settings.PORTAL_URL)
    assert reviewer.post(votes(submitted), APPROVE, format="json").status_code == 202


def _with_passkey(user: User, portal: str) -> APIClient:
    Passkey(portal).put_on(user)
    by = principal_for(user, mfa=True, passkey=True)
    _, secret = create_token(
        user=user,
        name="desk",
        scopes=("read", "review"),
        lifetime=timedelta(days=1),
        by=by,
        now=timezone.now(),
    )
    return with_secret(secret)


def test_a_token_with_publish_reads_the_revisions_of_a_release(mona: APIClient, world: World) -> None:
    revision_of(world.release, "v2", 2, "quarantined")
    listed = mona.get("/api/v1/releases/opt-175b/revisions").json()["results"]
    assert [(each["name"], each["state"], each["holders"], each["damaged"]) for each in listed] == [
        ("v2", "quarantined", 0, []),
        ("v1", "published", 0, []),
    ]
    assert mona.get("/api/v1/releases/opt-secret/revisions").status_code == 200
    assert with_token(world.researcher).get("/api/v1/releases/opt-175b/revisions").status_code == 403
    assert told(mona.get("/api/v1/ledger")) == (403, "token_scope")  # it names people: a browser alone


@pytest.mark.parametrize("move", ["quarantine", "withdraw"])
def test_a_token_with_publish_prepares_a_recall_and_moves_nothing(
    mona: APIClient, world: World, move: str
) -> None:
    answer = mona.post(moves(world.revision), {**HOLD, "move": move}, format="json")
    action = PendingAction.objects.get()
    assert answer.status_code == 202
    assert answer.json()["pending_action"]["url"].endswith(f"/pending/{action.pk}/")
    assert action.kind == "revision_move"
    assert action.payload == {"revision": world.revision.pk, "move": move, "reason": "A file is wrong."}
    world.revision.refresh_from_db()
    assert world.revision.state == "published"
    assert not AuditEvent.objects.filter(kind__startswith="revision.").exists()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"move": "restore", "reason": "It is fine."}, (409, "state_changed")),
        ({"move": "publish", "reason": "It is fine."}, (400, "invalid")),
        ({"move": "withdraw", "reason": "  "}, (400, "invalid")),
        ({"move": "withdraw"}, (400, "invalid")),
        ({"move": "withdraw", "reason": "x" * 2001}, (400, "invalid")),
        ({"move": "withdraw", "reason": "nul\0byte"}, (400, "malformed_body")),
        ({"move": "withdraw", "reason": f"See wp_{'a' * 30}."}, (400, "invalid")),
    ],
)
def test_what_cannot_be_moved_is_not_prepared(
    mona: APIClient, world: World, said: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert told(mona.post(moves(world.revision), said, format="json")) == expected
    assert not PendingAction.objects.exists()


def test_what_was_never_published_is_not_there_to_move(mona: APIClient, world: World) -> None:
    unpublished = Revision.objects.create(
        release=world.release, name="v3", created_at=timezone.now(), created_by="system:test"
    )
    assert mona.post(moves(unpublished), HOLD, format="json").status_code == 404


@pytest.mark.parametrize("scopes", [("read",), ("read", "requests", "download", "attest"), ("review",)])
def test_no_other_scope_prepares_a_recall(world: World, scopes: tuple[str, ...]) -> None:
    RoleGrant.objects.create(user=world.manager, role="reviewer", by="system:test", at=timezone.now())
    answer = with_token(world.manager, *scopes).post(moves(world.revision), HOLD, format="json")
    assert told(answer) == (403, "token_scope")
