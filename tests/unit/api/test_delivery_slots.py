"""No more bodies under way at once than their share, and a slot comes back however its body ends."""

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.http import HttpRequest, HttpResponseBase
from django.test import Client, RequestFactory
from django.utils import timezone

from portal.api import delivery
from portal.api.delivery_slots import DeliverySlots, SlotBody
from tests.stored import store_object
from weights_vault.storage import storage
from weights_vault.storage.port import random_name

# A closed response looks after database connections that other tests of this thread left open.
pytestmark = pytest.mark.django_db

MOST = 3
DATA = bytes(1_000_000)


@pytest.fixture(autouse=True)
def slots(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> DeliverySlots:
    settings.STORAGE_URL = f"file://{tmp_path}/store"
    settings.PORTAL_URL = "http://localhost:8000"
    settings.DELIVERY_MOST_AT_ONCE = MOST
    fresh = DeliverySlots()
    monkeypatch.setattr(delivery, "SLOTS", fresh)
    return fresh


@pytest.fixture
def url() -> str:
    name = random_name()
    store_object(name, DATA)
    return storage().url(name, lifetime_s=600, now=timezone.now())


def request(url: str, **meta: Any) -> HttpRequest:
    parts = urlsplit(url)
    return RequestFactory().get(
        parts.path, QUERY_STRING=parts.query, headers={"Host": "localhost:8000"}, **meta
    )


def get(url: str, **meta: Any) -> HttpResponseBase:
    """The view's answer as a server gets it, unread and unclosed."""
    return delivery.deliver(request(url, **meta), urlsplit(url).path.removeprefix("/delivery/"))


def test_one_more_than_its_share_is_told_to_come_back(url: str) -> None:
    under_way = [get(url) for _ in range(MOST)]
    refused = get(url)
    assert [answer.status_code for answer in under_way] == [200] * MOST
    assert (refused.status_code, refused["Retry-After"]) == (503, "10")
    assert b"deliveries_busy" in refused.content  # type: ignore[attr-defined]
    for answer in under_way:
        answer.close()


def test_a_body_read_to_its_end_and_closed_makes_room(url: str, slots: DeliverySlots) -> None:
    for _ in range(2 * MOST):
        parts = urlsplit(url)
        answer: Any = Client().get(parts.path, QUERY_STRING=parts.query, headers={"Host": "localhost:8000"})
        assert b"".join(answer.streaming_content) == DATA
        answer.close()
    assert len(slots) == 0


@pytest.mark.parametrize("read", [0, 1])
def test_a_reader_who_leaves_makes_room(url: str, slots: DeliverySlots, read: int) -> None:
    answer: Any = get(url)
    for _ in range(read):
        next(iter(answer))
    assert len(slots) == 1
    answer.close()
    answer.close()
    assert len(slots) == 0


def test_an_answer_that_no_server_was_handed_makes_room(url: str, slots: DeliverySlots) -> None:
    get(url)
    gc.collect()
    assert len(slots) == 0


def test_a_refusal_takes_no_slot(url: str, slots: DeliverySlots) -> None:
    assert get(url + "&x=1").status_code == 403
    storage().delete(urlsplit(url).path.removeprefix("/delivery/"))
    assert get(url).status_code == 404
    assert len(slots) == 0


def test_a_range_outside_the_body_takes_no_slot(url: str, slots: DeliverySlots) -> None:
    assert get(url, HTTP_RANGE="bytes=1000000-").status_code == 416
    assert len(slots) == 0


def test_a_slot_comes_back_when_closing_its_body_fails() -> None:
    class Broken:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b""])

        def close(self) -> None:
            raise OSError("Input/output error")

    slots = DeliverySlots()
    slot = slots.take(1)
    assert slot is not None
    body = SlotBody(Broken(), slots, slot)
    with pytest.raises(OSError, match="Input"):
        body.close()
    assert len(slots) == 0


def test_many_threads_never_take_more_than_there_are() -> None:
    slots = DeliverySlots()
    with ThreadPoolExecutor(16) as threads:
        taken = [slot for slot in threads.map(lambda _: slots.take(5), range(500)) if slot is not None]
    assert len(taken) == len(set(taken)) == 5


def test_a_reader_who_stalls_is_given_up_on_where_the_server_lends_its_socket(url: str) -> None:
    class Socket:
        timeout_s: float | None = None

        def settimeout(self, timeout_s: float) -> None:
            self.timeout_s = timeout_s

    lent = Socket()
    get(url, **{"gunicorn.socket": lent}).close()
    assert lent.timeout_s == delivery.STALLED_READER_S
