import pytest
from rest_framework.test import APIClient

from portal.accounts.models import AccessToken, RoleGrant
from portal.core.models import AuditEvent
from tests.integration.api.world import World, in_browser, token_of, with_secret, with_token

pytestmark = pytest.mark.django_db


def test_me_with_a_token_names_its_owner_and_the_token(world: World) -> None:
    token, secret = token_of(world.researcher, "read")
    answer = with_secret(secret).get("/api/v1/me")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": world.researcher.public_id,
        "email": "ada@example.org",
        "name": "Ada",
        "roles": [],
        "token": {
            "id": token.pk,
            "kind": "token",
            "name": "laptop",
            "scopes": ["read"],
            "grant": "",
            "expires_at": token.expires_at.isoformat().replace("+00:00", "Z"),
            "ends_at": token.expires_at.isoformat().replace("+00:00", "Z"),
        },
    }


def test_me_in_a_session_has_roles_and_no_token(world: World) -> None:
    answer = in_browser(world.reviewers[0]).get("/api/v1/me").json()
    assert answer["roles"] == sorted(world.reviewers[0].role_grants.values_list("role", flat=True))
    assert answer["token"] is None


def test_ending_the_own_token_refuses_its_next_call(world: World) -> None:
    token, secret = token_of(world.researcher, "read")
    client = with_secret(secret)
    assert client.delete("/api/v1/me/token").status_code == 204
    assert AuditEvent.objects.filter(kind="token.ended").count() == 1
    refused = client.get("/api/v1/me")
    assert refused.status_code == 401
    assert AccessToken.objects.get(pk=token.pk).ended_at is not None


def test_ending_a_token_from_a_session_is_404(world: World) -> None:
    assert in_browser(world.researcher).delete("/api/v1/me/token").status_code == 404


@pytest.mark.parametrize(
    "header",
    ["Bearer wp_nonsense", "Bearer ", "bearer wp_" + "a" * 46, "Bearer wp_\u00e9".encode().decode("latin-1")],
)
def test_a_bad_bearer_is_401_on_public_endpoints_too(world: World, header: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.get("/api/v1/releases")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "login_required"
    assert answer.json()["next_step"]


def test_nobody_is_401_with_a_challenge_and_a_next_step(world: World) -> None:
    answer = APIClient().get("/api/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "login_required")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_disabled_account_is_refused_with_its_code(world: World) -> None:
    client = with_token(world.researcher)
    world.researcher.is_active = False
    world.researcher.save()
    answer = client.get("/api/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (403, "account_disabled")


def test_a_session_that_writes_without_the_csrf_token_is_refused(world: World) -> None:
    client = in_browser(world.researcher)
    client.handler.enforce_csrf_checks = True
    answer = client.post("/api/v1/requests", {"release": "opt-175b"})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")


def test_answers_are_not_to_be_stored_by_caches(world: World) -> None:
    for answer in (with_token(world.researcher).get("/api/v1/me"), APIClient().get("/api/v1/grants")):
        assert answer.headers["Cache-Control"] == "no-store"


def test_a2_a_session_of_a_disabled_account_is_nobodys(world: World) -> None:
    client = in_browser(world.researcher)
    world.researcher.is_active = False
    world.researcher.save()
    answer = client.get("/api/v1/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "login_required")


def test_a2_a_role_that_was_taken_is_gone_at_the_next_call(world: World) -> None:
    client, request = in_browser(world.reviewers[0]), world.submitted()
    assert client.get(f"/api/v1/requests/{request.pk}").status_code == 200
    RoleGrant.objects.filter(user=world.reviewers[0]).delete()
    assert client.get(f"/api/v1/requests/{request.pk}").status_code == 404
