"""A database that cannot do a thing now: come back later, not a bug of ours, and nothing half done."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.middleware.common import CommonMiddleware
from django.test import Client
from rest_framework.test import APIClient

from licenses.models import Request
from tests.integration.api.world import BACKEND, World, build, with_token

WAIT_S = 30


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    """On a connection that waits a tenth of a second for a lock."""
    built = build()
    with connection.cursor() as cursor:
        postgres = connection.vendor == "postgresql"
        cursor.execute("SET lock_timeout = '100ms'" if postgres else "PRAGMA busy_timeout = 100")
    yield built
    connection.close()


@contextmanager
def locked(request: Request) -> Iterator[None]:
    """Somebody else's transaction holds the request until the end of the block."""
    held, done = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            Request.objects.select_for_update().get(pk=request.pk)
            held.set()
            done.wait(WAIT_S)
        connection.close()

    other = Thread(target=hold)
    other.start()
    assert held.wait(WAIT_S)
    try:
        yield
    finally:
        done.set()
        other.join()


def page_of(world: World) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(world.researcher, backend=BACKEND)
    return client


def check(answer: Any) -> None:
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.database
def test_a_call_that_meets_a_held_lock_is_told_to_come_back(world: World) -> None:
    request, client = world.submitted(), with_token(world.researcher)
    with locked(request):
        answer = client.post(f"/api/v1/requests/{request.pk}/withdraw")
    check(answer)
    assert answer.json()["code"] == "unavailable"
    request.refresh_from_db()
    assert request.state == "submitted"
    assert client.post(f"/api/v1/requests/{request.pk}/withdraw").status_code == 200


@pytest.mark.database
def test_a_page_that_meets_a_held_lock_says_so(world: World) -> None:
    request, client = world.submitted(), page_of(world)
    with locked(request):
        answer = client.post(f"/requests/{request.pk}/withdraw/")
    check(answer)
    assert "503 · unavailable" in answer.content.decode()
    request.refresh_from_db()
    assert request.state == "submitted"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/about/", "/api/v1/trust"])
def test_what_fails_outside_of_a_view_is_no_bug_either(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*args: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(CommonMiddleware, "process_request", gone)
    client = APIClient() if path.startswith("/api/") else Client()
    client.raise_request_exception = False
    answer = client.get(path)
    check(answer)
    assert b"closed the connection" not in answer.content
