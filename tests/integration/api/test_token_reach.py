"""A1: what a token reaches: one grant where it was made for one, and of the staff's things by its scopes."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from licenses.models import Grant, Request
from portal.accounts import tokens
from portal.accounts.models import PendingAction, User
from portal.accounts.principals import principal_for
from portal.core.problems import Invalid, NotPermitted
from tests.integration.api.world import World, session_of, with_secret
from weights_vault.models import Release

pytestmark = pytest.mark.django_db


def token(user: User, *scopes: str, grant: str = "") -> APIClient:
    _, secret = tokens.create_token(
        user=user,
        name="cluster",
        scopes=scopes,
        lifetime=timedelta(days=1),
        by=session_of(user),
        now=timezone.now(),
        grant=grant,
    )
    return with_secret(secret)


@pytest.fixture
def two(world: World) -> tuple[Grant, Grant]:
    """The researcher's grant, and another one of theirs."""
    mine = world.granted()
    other = Grant.objects.get(pk=mine.pk)
    other.pk, other.release = f"{mine.pk}x", Release.objects.exclude(pk=mine.release_id).first()
    other.save(force_insert=True)
    return mine, other


PATHS = ("", "/manifest", "/agreement")


@pytest.mark.database
def test_a_token_for_one_grant_finds_no_other(world: World, two: tuple[Grant, Grant]) -> None:
    mine, other = two
    client = token(world.researcher, "read", "download", grant=mine.pk)
    listed = client.get("/api/v1/grants").json()["results"]
    assert [grant["id"] for grant in listed] == [mine.pk]
    assert [client.get(f"/api/v1/grants/{other.pk}{path}").status_code for path in PATHS] == [404] * 3
    assert client.get(f"/api/v1/grants/{mine.pk}").status_code == 200
    posts = {"headers": {}, "urls": {}, "receipts": {}, "close-out": {}, "renew": {}, "accept": {}}
    answers = {
        name: client.post(f"/api/v1/grants/{other.pk}/{name}", body, format="json").status_code
        for name, body in posts.items()
    }
    assert set(answers.values()) <= {400, 403, 404}
    free = token(world.researcher, "read", "download")
    assert len(free.get("/api/v1/grants").json()["results"]) == 2


def test_it_reads_of_requests_the_one_behind_its_grant(world: World, two: tuple[Grant, Grant]) -> None:
    mine, _ = two
    elsewhere = Request.objects.get(pk=mine.request_id)
    elsewhere.pk = f"{mine.request_id}x"
    elsewhere.save(force_insert=True)
    client = token(world.researcher, "read", grant=mine.pk)
    assert client.get(f"/api/v1/requests/{mine.request_id}").status_code == 200
    assert client.get(f"/api/v1/requests/{elsewhere.pk}").status_code == 404
    listed = client.get("/api/v1/requests").json()["results"]
    assert [request["id"] for request in listed] == [mine.request_id]


def test_releases_tell_it_nothing_of_other_grants_and_requests(
    world: World, two: tuple[Grant, Grant]
) -> None:
    """Neither that they are there, nor what was said in them."""
    mine, other = two
    slug = other.release.slug
    Release.objects.update(state=Release.State.LISTED)
    alone = token(world.researcher, "read", "download", grant=mine.pk)
    free, stranger = token(world.researcher, "read", "download"), token(world.other, "read", "download")

    def told(client: APIClient) -> list[Any]:
        listed = client.get("/api/v1/releases").json()["results"]
        shown = client.get(f"/api/v1/releases/{slug}").json()
        return [next(each["access"] for each in listed if each["slug"] == slug), shown["access"]]

    assert told(alone) == told(stranger) != told(free)
    own = f"/api/v1/releases/{mine.release.slug}"
    assert free.get(own).json()["asking"]["earlier_answers"]
    assert alone.get(own).json()["asking"]["earlier_answers"] == {}


def test_it_delivers_its_own_grant(world: World) -> None:
    grant = world.granted()
    client = token(world.researcher, "read", "download", grant=grant.pk)
    assert client.get(f"/api/v1/grants/{grant.pk}/manifest").status_code == 200
    assert client.get("/api/v1/me").json()["token"]["grant"] == grant.pk


def test_it_sees_the_pending_actions_that_it_proposed(world: World) -> None:
    grant = world.granted()
    key, _ = world.key()
    token(world.researcher, "download").delete(f"/api/v1/keys/{key.pk}")
    others = PendingAction.objects.get()
    client = token(world.researcher, "read", "download", grant=grant.pk)
    assert client.get(f"/api/v1/pending-actions/{others.pk}").status_code == 404
    proposed = client.delete(f"/api/v1/keys/{key.pk}").json()["pending_action"]["id"]
    assert client.get(f"/api/v1/pending-actions/{proposed}").status_code == 200


@pytest.mark.parametrize("scopes", [("requests",), ("read", "review"), ("publish",)])
def test_one_grant_is_no_scope_for_requests_or_staff(world: World, scopes: tuple[str, ...]) -> None:
    with pytest.raises(Invalid) as refused:
        token(world.researcher, *scopes, grant=world.granted().pk)
    assert "scopes" in refused.value.errors


def test_nobody_makes_a_token_for_anothers_grant(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        token(world.other, "read", grant=world.granted().pk)
    assert "grant" in refused.value.errors


def staff_calls(client: APIClient, request: str) -> list[int]:
    return [
        client.get(f"/api/v1/requests/{request}").status_code,
        client.get(f"/api/v1/requests/{request}/messages").status_code,
    ]


@pytest.mark.database
def test_a_reviewers_token_reads_requests_with_the_scope_review_alone(world: World) -> None:
    request, reviewer = world.submitted().pk, world.reviewers[0]
    assert staff_calls(token(reviewer, "read"), request) == [404, 404]
    assert staff_calls(token(reviewer, "read", "review"), request) == [200, 200]


def test_a_reviewers_token_without_the_scope_prepares_no_verdict(world: World) -> None:
    request = world.submitted().pk
    client = token(world.reviewers[0], "read", "requests")
    body: dict[str, Any] = {"version": 1, "verdict": "approve"}
    answer = client.post(f"/api/v1/requests/{request}/votes", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "token_scope")
    assert not PendingAction.objects.exists()


def test_a_role_that_is_taken_away_is_gone_from_the_token(world: World) -> None:
    """A2."""
    request, reviewer = world.submitted().pk, world.reviewers[0]
    client = token(reviewer, "read", "review")
    reviewer.role_grants.all().delete()
    assert staff_calls(client, request) == [404, 404]


def test_a_staff_scope_is_made_and_used_with_the_factor_of_staff_alone(world: World, settings: Any) -> None:
    """A3."""
    request, reviewer = world.submitted().pk, world.reviewers[0]
    made_before = token(reviewer, "read", "review")
    settings.STAFF_MFA = "passkey"
    with pytest.raises(NotPermitted) as refused:
        token(reviewer, "read", "review")
    assert refused.value.code == "mfa_required"
    assert 200 not in staff_calls(made_before, request)  # its owner has no factor at all


def test_the_scope_publish_reads_and_recalls_nothing(world: World) -> None:
    client = token(world.manager, "read", "publish")
    assert client.get("/api/v1/ledger").status_code == 403  # names people: a browser alone
    assert client.get("/api/v1/releases").status_code == 200


def test_an_administrators_powers_are_in_no_token(world: World) -> None:
    everything = frozenset({"read", "requests", "download", "attest", "review", "publish"})
    assert principal_for(world.admin, scopes=everything).roles == frozenset()
