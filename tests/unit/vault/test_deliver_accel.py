"""The view that serves bodies, where a proxy sends the bytes: only the permission is left to it."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from portal.api.delivery import SLOTS
from weights_vault.storage import storage
from weights_vault.storage.port import random_name


@pytest.fixture(autouse=True)
def accel(settings: Any) -> None:
    settings.PORTAL_URL = "http://localhost:8000"
    settings.DELIVERY_ACCEL = "/sealed/"


@pytest.fixture
def name(store_root: Path) -> str:
    name = random_name()
    folder = store_root / name[:2] / name[2:4]
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"body")
    return name


@pytest.fixture
def url(name: str) -> str:
    return storage().url(name, lifetime_s=600, now=timezone.now())


def fetch(url: str, **headers: str) -> Any:
    parts = urlsplit(url)
    return Client().generic(
        "GET", parts.path, QUERY_STRING=parts.query, headers={"Host": "localhost:8000", **headers}
    )


def test_the_proxy_is_told_where_the_body_lies_in_the_stores_folder(
    url: str, name: str, store_root: Path
) -> None:
    response = fetch(url)
    assert (response.status_code, response.content) == (200, b"")
    place = response["X-Accel-Redirect"].removeprefix("/sealed/")
    assert (store_root / place).read_bytes() == b"body"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["ETag"] == f'"{name}"'
    assert {"no-store", "no-transform"} <= set(response["Cache-Control"].split(", "))


def test_ranges_are_the_proxys(url: str) -> None:
    response = fetch(url, Range="bytes=0-0")
    assert response.status_code == 200
    assert not response.has_header("Content-Range")


def test_no_slot_is_taken_and_no_file_opened(url: str, name: str, store_root: Path) -> None:
    (store_root / name[:2] / name[2:4] / name).chmod(0)
    before = len(SLOTS)
    answers = [fetch(url) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert len(SLOTS) == before
    assert not any(answer.streaming for answer in answers)


@pytest.mark.parametrize(
    "headers",
    [{"X-Accel-Redirect": "/sealed/x"}, {"X-Sendfile": "/etc/passwd"}, {"X-Original-URL": "/sealed/x"}],
)
def test_an_unsigned_address_leads_nowhere_whatever_the_caller_sends(
    name: str, headers: dict[str, str]
) -> None:
    """G4"""
    response = fetch(f"http://localhost:8000/delivery/{name}", **headers)
    assert response.status_code == 403
    assert not response.has_header("X-Accel-Redirect")


@pytest.mark.parametrize(
    "trick", ["../keys/master.key", "%2e%2e/{}", "{}/", "/{}", "{}%0aX: y", ".{}.partial"]
)
def test_g6_a_signed_path_trick_leads_nowhere(trick: str, name: str) -> None:
    """G6: signed as if it were a name."""
    response = fetch(storage().url(trick.format(name), lifetime_s=600, now=timezone.now()))
    assert response.status_code in (403, 404)
    assert not response.has_header("X-Accel-Redirect")


def test_an_object_that_is_gone_is_a_problem_document(url: str, name: str) -> None:
    storage().delete(name)
    response = fetch(url)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert not response.has_header("X-Accel-Redirect")
