"""The view that serves bodies: ranges, refusals, and nothing addressed but what was signed."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from portal.api import delivery
from tests.stored import store_object
from weights_vault.storage import storage
from weights_vault.storage.port import random_name

BODY = bytes(range(256)) * 4_000  # several reads long


@pytest.fixture(autouse=True)
def portal_url(settings: Any) -> None:
    settings.PORTAL_URL = "http://localhost:8000"


@pytest.fixture
def name() -> str:
    name = random_name()
    store_object(name, BODY)
    return name


@pytest.fixture
def url(name: str) -> str:
    return storage().url(name, lifetime_s=600, now=timezone.now())


def fetch(url: str, method: str = "GET", host: str = "localhost:8000", **headers: str) -> Any:
    parts = urlsplit(url)
    return Client(enforce_csrf_checks=True).generic(
        method, parts.path, QUERY_STRING=parts.query, headers={"Host": host, **headers}
    )


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_whole_body_is_served(url: str, name: str) -> None:
    response = fetch(url)
    assert response.status_code == 200
    assert content(response) == BODY
    assert response["Content-Length"] == str(len(BODY))
    assert response["Accept-Ranges"] == "bytes"
    assert response["ETag"] == f'"{name}"'


RANGES: dict[str, tuple[int, int]] = {
    "bytes=0-0": (0, 1),
    "bytes=100-299999": (100, 300_000),
    "bytes=1023999-": (1_023_999, 1_024_000),
    "bytes=1000000-9999999": (1_000_000, 1_024_000),
    "bytes=-10": (1_023_990, 1_024_000),
    "bytes=-9999999": (0, 1_024_000),
    "bytes=0-": (0, 1_024_000),
}


@pytest.mark.parametrize("wanted", RANGES)
def test_range_is_answered_with_exactly_its_bytes(wanted: str, url: str) -> None:
    first, end = RANGES[wanted]
    response = fetch(url, Range=wanted)
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{end - 1}/{len(BODY)}"
    assert response["Content-Length"] == str(end - first)
    assert content(response) == BODY[first:end]


@pytest.mark.parametrize("wanted", ["bytes=1024000-", "bytes=1024000-1024001", "bytes=-0"])
def test_range_beyond_the_body_is_416(wanted: str, url: str) -> None:
    response = fetch(url, Range=wanted)
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(BODY)}"


@pytest.mark.parametrize(
    "wanted",
    ["bytes=5-4", "bytes=-", "items=0-1", "bytes=0-1,5-6", "bytes=a-b", "bytes= 0-1", "", "bytes=0-1\u0661"],
)
def test_range_that_is_none_is_ignored(wanted: str, url: str) -> None:
    """RFC 9110, 14.2"""
    response = fetch(url, Range=wanted)
    assert response.status_code == 200
    assert len(content(response)) == len(BODY)


def test_if_range_of_this_body_gives_the_range(url: str, name: str) -> None:
    response = fetch(url, Range="bytes=0-9", **{"If-Range": f'"{name}"'})
    assert response.status_code == 206
    assert content(response) == BODY[:10]


@pytest.mark.parametrize("tag", ['"another"', "W/{}", "Fri, 20 Nov 2026 12:00:00 GMT"])
def test_if_range_of_another_body_gives_the_whole(tag: str, url: str, name: str) -> None:
    response = fetch(url, Range="bytes=0-9", **{"If-Range": tag.format(f'"{name}"')})
    assert response.status_code == 200
    assert content(response) == BODY


def refused(response: Any) -> str:
    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"
    assert "no-store" in response["Cache-Control"]
    return str(response.json()["code"])


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_url_signed_for_get_opens_nothing_for_another_method(method: str, url: str) -> None:
    """G4"""
    response = fetch(url, method=method)
    assert response.status_code == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "localhost:8001"])
def test_url_signed_for_this_host_opens_nothing_at_another(host: str, url: str) -> None:
    """G4"""
    assert refused(fetch(url, host=host)) == "url_invalid"


@pytest.mark.parametrize("change", ["&x=1", "0"])
def test_changed_url_opens_nothing(change: str, url: str) -> None:
    """G4"""
    assert refused(fetch(url + change)) == "url_invalid"


def test_unsigned_address_opens_nothing(name: str) -> None:
    """G4"""
    assert refused(fetch(f"http://localhost:8000/delivery/{name}")) == "url_invalid"


def test_expired_url_is_refused(name: str) -> None:
    """G5"""
    old = storage().url(name, lifetime_s=600, now=timezone.now() - timedelta(seconds=602))
    assert refused(fetch(old)) == "url_expired"


def test_body_that_began_goes_on_after_its_url_expired(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """G5"""
    response = fetch(url)
    parts = iter(response.streaming_content)
    first = next(parts)
    monkeypatch.setattr(delivery, "timezone", _Later())
    assert fetch(url).status_code == 403
    assert first + b"".join(parts) == BODY


class _Later:
    @staticmethod
    def now() -> datetime:
        return timezone.now() + timedelta(hours=1)


TRICKS = [
    "../keys/master.key", "%2e%2e/keys/master.key", "..%2fkeys%2fmaster.key", "/etc/passwd",
    "%2fetc%2fpasswd", "{}/../{}", "{}%0a", "{}%00", "{}%3fkey=1", "{}/", "/{}", "%c3%a9{}",
    "{}%20", ".{}.partial",
]  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_path_trick_addresses_nothing(trick: str, url: str, name: str, store_root: Any) -> None:
    """G6: with a genuine query string, and with the trick signed as if it were a name."""
    path = "/delivery/" + trick.format(name, name)
    answer = Client().generic(
        "GET", path, QUERY_STRING=urlsplit(url).query, headers={"Host": "localhost:8000"}
    )
    assert answer.status_code in (403, 404)
    signed = storage().url(trick.format(name, name), lifetime_s=600, now=timezone.now())
    assert fetch(signed).status_code in (403, 404)


def test_bodies_are_never_cached_nor_transformed(url: str) -> None:
    response = fetch(url, **{"Accept-Encoding": "gzip, br"})
    assert {"no-store", "no-transform"} <= set(response["Cache-Control"].split(", "))
    assert not response.has_header("Content-Encoding")
    assert content(response) == BODY


def test_body_is_read_in_small_pieces(url: str) -> None:
    pieces = [len(piece) for piece in fetch(url).streaming_content]
    assert max(pieces) <= 262_144
    assert sum(pieces) == len(BODY)


def test_object_that_is_gone_is_404(url: str, name: str) -> None:
    storage().delete(name)
    assert fetch(url).status_code == 404


def test_store_that_cannot_be_read_is_503_with_the_time_to_wait(url: str, monkeypatch: Any) -> None:
    from weights_vault.storage.filesystem import FilesystemStorage
    from weights_vault.storage.port import StorageError

    def broken(self: Any, name: str) -> Any:
        raise StorageError("Input/output error")

    monkeypatch.setattr(FilesystemStorage, "open", broken)
    response = fetch(url)
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


def test_delivery_needs_no_database(url: str) -> None:
    """The bulk path holds no connection; without the db fixture any query would fail the test."""
    response = fetch(url)
    assert len(content(response)) == len(BODY)
