"""`Idempotency-Key`: once, however often and however many at a time (R1)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from licenses.models import Request
from portal.accounts.models import PendingAction
from portal.api import idempotency, jobs
from portal.api.models import IdempotencyKey
from portal.core.models import AuditEvent, OutboxMessage
from tests.integration.api.world import ANSWERS, World, build, token_of, with_secret, with_token

DRAFT = {"release": "opt-175b", "answers": ANSWERS}
AT_ONCE = 50


def all_at_once(call: Callable[[], Any], times: int = AT_ONCE) -> list[Any]:
    """Return what `times` calls answered that were made at the same moment, each on its own connection."""
    start = Barrier(times)

    def run(_: int) -> Any:
        start.wait(timeout=30)
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def mails_to(world: World) -> int:
    return OutboxMessage.objects.filter(to=world.researcher.email).count()


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_r1_one_key_fifty_drafts_at_once_is_one_request() -> None:
    world = build()
    _, secret = token_of(world.researcher, "requests")

    def call() -> Any:
        return with_secret(secret).post("/api/v1/requests", DRAFT, HTTP_IDEMPOTENCY_KEY="draft-1")

    answers = all_at_once(call)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Request.objects.count() == 1
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_r1_one_key_fifty_submissions_at_once_is_one_submission_and_one_mail() -> None:
    world = build()
    request = world.draft()
    _, secret = token_of(world.researcher, "requests")
    before = mails_to(world)  # the token itself is one

    def call() -> Any:
        return with_secret(secret).post(
            f"/api/v1/requests/{request.pk}/submit",
            {"license_sha256": world.license.sha256},
            HTTP_IDEMPOTENCY_KEY="submit-1",
        )

    answers = all_at_once(call)
    assert {answer.status_code for answer in answers} == {200}
    assert AuditEvent.objects.filter(kind="request.submitted").count() == 1
    assert mails_to(world) == before + 1


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_without_a_key_one_of_many_submissions_wins_and_the_others_are_409() -> None:
    world = build()
    request = world.draft()
    _, secret = token_of(world.researcher, "requests")
    before = mails_to(world)  # the token itself is one

    def call() -> Any:
        return with_secret(secret).post(
            f"/api/v1/requests/{request.pk}/submit", {"license_sha256": world.license.sha256}
        )

    statuses = sorted(answer.status_code for answer in all_at_once(call, times=10))
    assert statuses == [200] + [409] * 9
    assert mails_to(world) == before + 1


@pytest.mark.django_db
def test_the_same_key_and_body_answers_with_the_thing_as_it_is_now(world: World) -> None:
    client = with_token(world.researcher)
    first = client.post("/api/v1/requests", DRAFT, HTTP_IDEMPOTENCY_KEY="k")
    client.post(f"/api/v1/requests/{first.json()['id']}/withdraw")
    again = client.post("/api/v1/requests", DRAFT, HTTP_IDEMPOTENCY_KEY="k")
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert again.json()["state"] == "withdrawn"


@pytest.mark.django_db
def test_the_same_key_with_another_body_is_409(world: World) -> None:
    client = with_token(world.researcher)
    client.post("/api/v1/requests", DRAFT, HTTP_IDEMPOTENCY_KEY="k")
    again = client.post(
        "/api/v1/requests", {**DRAFT, "answers": {"purpose": "Else."}}, HTTP_IDEMPOTENCY_KEY="k"
    )
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_key_reused")
    assert Request.objects.count() == 1


@pytest.mark.django_db
def test_a_call_that_failed_does_not_use_its_key_up(world: World) -> None:
    client, request = with_token(world.researcher), world.draft()
    path, right = f"/api/v1/requests/{request.pk}/submit", {"license_sha256": world.license.sha256}
    refused = client.post(path, {"license_sha256": "0" * 64}, HTTP_IDEMPOTENCY_KEY="k")
    assert refused.status_code == 409
    assert not IdempotencyKey.objects.exists()
    assert client.post(path, right, HTTP_IDEMPOTENCY_KEY="k").status_code == 200


@pytest.mark.django_db
def test_keys_belong_to_one_account_and_one_address(world: World) -> None:
    mine = with_token(world.researcher).post("/api/v1/requests", DRAFT, HTTP_IDEMPOTENCY_KEY="k")
    theirs = with_token(world.other).post("/api/v1/requests", DRAFT, HTTP_IDEMPOTENCY_KEY="k")
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]
    path = f"/api/v1/requests/{mine.json()['id']}/withdraw"
    assert with_token(world.researcher).post(path, HTTP_IDEMPOTENCY_KEY="k").status_code == 200


@pytest.mark.django_db
def test_one_proposal_to_sign_a_key(world: World) -> None:
    request, client = world.decided("approve"), with_token(world.researcher)
    path = f"/api/v1/requests/{request.pk}/sign"
    ids = {client.post(path, HTTP_IDEMPOTENCY_KEY="k").json()["pending_action"]["id"] for _ in range(3)}
    assert len(ids) == PendingAction.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "k" * 256, "a\u00e9", "a\tb"])
def test_an_unfit_key_is_400(world: World, key: str) -> None:
    answer = with_token(world.researcher).post("/api/v1/requests", DRAFT, HTTP_IDEMPOTENCY_KEY=key)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Idempotency-Key"])


@pytest.mark.django_db
def test_what_is_kept_holds_no_url_code_or_text(world: World) -> None:
    request, client = world.decided("approve"), with_token(world.researcher)
    answer = client.post(f"/api/v1/requests/{request.pk}/sign", HTTP_IDEMPOTENCY_KEY="k").json()
    [row] = IdempotencyKey.objects.values()
    kept = str(row)
    for secret in (answer["pending_action"]["url"], answer["pending_action"]["code"], "http", "wp_"):
        assert secret not in kept
    assert row["subject"] == answer["pending_action"]["id"]


@pytest.mark.django_db
def test_old_keys_are_forgotten_by_the_job(world: World) -> None:
    now = timezone.now()
    for age in (timedelta(days=1), idempotency.KEPT_FOR + timedelta(seconds=1)):
        IdempotencyKey.objects.create(
            user=world.researcher,
            key=str(age),
            route="POST /x",
            body_sha256="0" * 64,
            created_at=now - age,
            status=201,
        )
    jobs.forget_idempotency_keys({}, now=now)
    assert [row.key for row in IdempotencyKey.objects.all()] == [str(timedelta(days=1))]
