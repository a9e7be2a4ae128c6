"""D2: URLs are asked for in batches and renewed before they end, by one worker for all."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from weights_vault.client.errors import PortalFault
from weights_vault.client.transfer.limits import BATCH_FILES
from weights_vault.client.transfer.urls import UrlBook

NOW = datetime(2026, 11, 20, tzinfo=UTC)
FILES = [f"fil_{number}" for number in range(BATCH_FILES + 20)]


class Portal:
    """The one call that the book makes. lifetime_s: of the URLs it gives."""

    portal = "https://weights.example.org"
    portal_time = NOW

    def __init__(self, lifetime_s: float = 600.0) -> None:
        self.lifetime_s = lifetime_s
        self.asked: list[list[str]] = []

    def issue(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(body["files"])
        urls = [
            {"file": name, "url": f"https://store/{name}?signature={len(self.asked)}"}
            for name in body["files"]
        ]
        return {"expires_at": (NOW + timedelta(seconds=self.lifetime_s)).isoformat(), "urls": urls}


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def book(portal: Portal, clock: Clock | None = None) -> UrlBook:
    return UrlBook(
        portal,  # type: ignore[arg-type]
        grant="grt_1",
        revision="v1",
        file_ids=FILES,
        monotonic=clock or Clock(),
    )


def test_one_call_gets_the_urls_of_the_files_that_come_next() -> None:
    portal = Portal()
    urls = book(portal)
    urls.url("fil_3")
    urls.url("fil_1")
    assert len(portal.asked) == 1
    assert portal.asked[0][:3] == ["fil_3", "fil_0", "fil_1"]
    assert len(portal.asked[0]) == BATCH_FILES


def test_files_that_are_in_are_not_asked_for_again() -> None:
    portal, clock = Portal(), Clock()
    urls = book(portal, clock)
    urls.url("fil_0")
    urls.finished("fil_0")
    clock.time = 10_000
    urls.url("fil_1")
    assert "fil_0" not in portal.asked[1]


@pytest.mark.parametrize(("lifetime_s", "fresh_until"), [(600.0, 570.0), (60.0, 45.0), (4.0, 3.0)])
def test_urls_are_renewed_before_they_end(lifetime_s: float, fresh_until: float) -> None:
    portal, clock = Portal(lifetime_s), Clock()
    urls = book(portal, clock)
    first = urls.url("fil_0")
    clock.time = fresh_until - 0.01
    assert urls.url("fil_0") == first
    clock.time = fresh_until
    assert urls.url("fil_0") != first


def test_a_refused_url_is_asked_for_anew_once() -> None:
    portal = Portal()
    urls = book(portal)
    old = urls.url("fil_0")
    urls.refused("fil_0", old)
    new = urls.url("fil_0")
    urls.refused("fil_0", old)  # another worker comes late with the same old one
    assert urls.url("fil_0") == new != old
    assert len(portal.asked) == 2


def test_many_workers_at_once_make_one_call() -> None:
    portal = Portal()
    urls = book(portal)
    threads = [threading.Thread(target=urls.url, args=(f"fil_{number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(portal.asked) == 1


@pytest.mark.parametrize(
    "url",
    ["http://store/x", "ftp://store/x", "https:///x", "https://u:p@store/x", "https://store/x y", "", None],
)
def test_an_address_that_is_less_safe_than_the_portal_is_refused(
    url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = Portal()
    answer = {"expires_at": NOW.isoformat(), "urls": [{"file": "fil_0", "url": url}]}
    monkeypatch.setattr(portal, "issue", lambda path, body: answer)
    with pytest.raises(PortalFault):
        book(portal).url("fil_0")


def test_d2_many_workers_whose_urls_end_at_once_make_one_renewal() -> None:
    portal, clock = Portal(60.0), Clock()
    urls = book(portal, clock)
    urls.url("fil_0")
    clock.time = 45.0
    threads = [threading.Thread(target=urls.url, args=(f"fil_{number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(portal.asked) == 2


def test_d10_workers_whose_urls_are_all_refused_make_one_renewal() -> None:
    portal = Portal()
    urls = book(portal)
    old = urls.url("fil_0")
    barrier = threading.Barrier(16)

    def refused_and_again() -> None:
        urls.refused("fil_0", old)
        barrier.wait(timeout=10)
        urls.url("fil_0")

    threads = [threading.Thread(target=refused_and_again) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(portal.asked) == 2


def test_g7_urls_that_live_shorter_than_asked_for_are_believed() -> None:
    """The store's own credentials end in 20 s, and its URLs with them."""
    portal, clock = Portal(20.0), Clock()
    urls = book(portal, clock)
    urls.url("fil_0")
    clock.time = 15.0
    urls.url("fil_0")
    assert len(portal.asked) == 2


def test_d10_this_machines_clock_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    portal, clock = Portal(), Clock()
    monkeypatch.setattr("weights_vault.client.clock.now", lambda: NOW + timedelta(days=1))
    urls = book(portal, clock)
    urls.url("fil_0")
    clock.time = 569.0
    urls.url("fil_0")
    assert len(portal.asked) == 1
