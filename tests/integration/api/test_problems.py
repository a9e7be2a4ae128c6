"""What goes wrong is a problem document with a code, a sentence and a next step, whatever it is."""

import json
import logging
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from rest_framework.test import APIClient

from portal.api.throttles import AccountThrottle, AddressThrottle
from portal.core.problems import Unavailable
from tests.integration.api.world import World, in_browser, with_token
from weights_vault import delivery

pytestmark = pytest.mark.django_db

MEMBERS = {"type", "title", "status", "code", "detail", "next_step"}


def check(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    document: dict[str, Any] = answer.json()
    assert document.keys() >= MEMBERS
    assert (document["status"], document["code"]) == (status, code)
    assert document["title"]
    assert document["detail"]
    assert document["next_step"]
    return document


def test_an_address_that_is_none_is_404_as_json(world: World) -> None:
    for path in ("", "nowhere", "releases/", "releases/..%2f..", "me/"):
        check(APIClient().get(f"/api/v1/{path}"), 404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"release": "a", "release": "b"}',
        b'{"release": "opt-175b", "answers": {"purpose": NaN}}',
        b'{"release": "opt-175b\\u0000"}',
        b'{"release": "\\ud800"}',
        b'{"answers": ' + b'{"a":' * 40 + b"1" + b"}" * 41,
        b"[" * 100_000,
        b'{"answers": {"purpose": 1e400}}',
        b'{"release": "' + b"a" * 1_100_000 + b'"}',
    ],
    ids=lambda body: f"{body[:18]!r}",
)
def test_a_body_that_two_readers_could_read_differently_is_400(world: World, body: bytes) -> None:
    answer = with_token(world.researcher).post("/api/v1/requests", data=body, content_type="application/json")
    check(answer, 400, "malformed_body")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_another_media_type_is_415(world: World, media_type: str) -> None:
    answer = with_token(world.researcher).post("/api/v1/requests", data=b"x=1", content_type=media_type)
    check(answer, 415, "unsupported_media_type")


def test_every_fault_of_a_body_is_named_by_its_field(world: World) -> None:
    answer = with_token(world.researcher).post(
        "/api/v1/grants/x/urls", {"revision": "v" * 65, "files": ["f" * 41], "extra": 1}
    )
    check(answer, 404, "not_found")
    grant = world.granted()
    answer = with_token(world.researcher).post(
        f"/api/v1/grants/{grant.pk}/urls", {"revision": "v" * 65, "files": ["f" * 41]}
    )
    assert set(check(answer, 400, "invalid")["errors"]) == {"revision", "files.0"}


def test_options_is_405_and_head_is_judged_like_get(world: World) -> None:
    answer = APIClient().options("/api/v1/releases")
    check(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"
    assert APIClient().head("/api/v1/me").status_code == 401
    assert in_browser(world.researcher).head("/api/v1/me").status_code == 200


@pytest.mark.parametrize(("throttle", "signed_in"), [(AddressThrottle, False), (AccountThrottle, True)])
def test_too_many_calls_are_429_with_the_seconds_to_wait(
    world: World, monkeypatch: pytest.MonkeyPatch, throttle: type, signed_in: bool
) -> None:
    monkeypatch.setattr(throttle, "rate", "2/min", raising=False)
    client = with_token(world.researcher) if signed_in else APIClient()
    answers = [client.get("/api/v1/releases") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    check(answers[-1], 429, "too_many")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    cache.clear()


def test_a_made_up_forwarding_header_does_not_get_round_the_throttle(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AddressThrottle, "rate", "2/min", raising=False)
    answers = [
        APIClient().get("/api/v1/releases", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}") for number in range(3)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_a_store_out_of_reach_is_503_with_the_seconds_to_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_reach(*args: Any, **kwargs: Any) -> None:
        raise Unavailable(detail="The store does not answer.", retry_after_s=30)

    grant = world.granted()
    monkeypatch.setattr(delivery, "issue_urls", out_of_reach)
    answer = with_token(world.researcher).post(
        f"/api/v1/grants/{grant.pk}/urls", {"revision": "v1", "files": world.files}
    )
    check(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "30"


def test_a_bug_is_500_without_its_text_and_is_logged(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the inside of the portal")

    grant = world.granted()
    monkeypatch.setattr(delivery, "issue_manifest", fails)
    client = with_token(world.researcher)
    client.raise_request_exception = False
    with caplog.at_level(logging.ERROR, logger="portal.api.problems"):
        answer = client.get(f"/api/v1/grants/{grant.pk}/manifest")
    check(answer, 500, "internal_error")
    assert b"inside of the portal" not in answer.content
    assert "the inside of the portal" in caplog.text


def test_a_bug_rises_to_whoever_watches_the_signal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the inside of the portal")

    monkeypatch.setattr(delivery, "trust_document", fails)
    with pytest.raises(RuntimeError, match="inside of the portal"):
        APIClient().get("/api/v1/trust")


def test_a_refusal_of_django_itself_is_403(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*args: Any, **kwargs: Any) -> None:
        raise PermissionDenied

    monkeypatch.setattr(delivery, "trust_document", refuses)
    check(APIClient().get("/api/v1/trust"), 403, "not_permitted")


def test_a_validation_error_never_repeats_a_secret(world: World) -> None:
    secret = "AGE-SECRET-KEY-1" + "Q" * 58
    for body in (
        {"recipient": "age1x", "name": "laptop", secret: "x"},
        {"recipient": {"deep": secret}, "name": "laptop"},
    ):
        answer = with_token(world.researcher).post("/api/v1/keys", body)
        assert answer.status_code == 400
        assert secret not in json.dumps(answer.json())
