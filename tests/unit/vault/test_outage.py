"""What is done while the store is away, and what counts as away."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from django.test import RequestFactory

from portal.core.problems import Unavailable
from portal.web.views.errors import server_error
from tests.unit.vault.scrubbing import body_of, place_of, store_that
from weights_vault.models import Revision
from weights_vault.outage import PAUSE_S, StoreWatch
from weights_vault.storage import storage
from weights_vault.storage.port import StorageError

pytestmark = pytest.mark.django_db

SHARD = "model-00001-of-00002.safetensors"
NOBODY = 65_534


@contextmanager
def locked_out(folder: Path) -> Iterator[None]:
    """This process may not enter the folder; root, who may everything, is nobody meanwhile."""
    mode = folder.stat().st_mode
    root = os.geteuid() == 0
    folder.chmod(0)
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(mode)


def test_i7_a_folder_that_may_not_be_read_is_no_missing_object(revision: Revision, store_root: Path) -> None:
    name = body_of(revision, SHARD).object_name
    with locked_out(store_root):
        with pytest.raises(StorageError, match="cannot be read") as sized:
            storage().size(name)
        with pytest.raises(StorageError, match="cannot be read") as read:
            storage().read(name, 0, memoryview(bytearray(16)))
    assert {type(sized.value), type(read.value)} == {StorageError}


def test_a_store_that_was_away_is_asked_by_one_thread_at_a_time(revision: Revision) -> None:
    now, body, asked, answer = [0.0], body_of(revision, SHARD), Event(), Event()
    watch = StoreWatch(lambda: now[0])
    calls: list[str] = []

    def away(name: str) -> int:
        calls.append(name)
        raise StorageError("no route")

    def slow(name: str) -> int:
        calls.append(name)
        asked.set()
        assert answer.wait(10)
        return body.body_size

    with store_that(size=away):
        for _ in range(3):
            with pytest.raises(Unavailable):
                watch.require(body)
    assert len(calls) == 1
    now[0] += PAUSE_S
    with store_that(size=slow):
        first = Thread(target=watch.require, args=[body])
        first.start()
        assert asked.wait(10)
        with pytest.raises(Unavailable):  # at once, while the first still waits
            watch.require(body)
        answer.set()
        first.join()
        watch.require(body)
    assert len(calls) == 3


def test_a_store_of_one_lost_object_beside_others_is_not_away(revision: Revision, store_root: Path) -> None:
    body = body_of(revision, SHARD)
    place_of(body, store_root).unlink()
    StoreWatch().require(body)
    assert not place_of(body, store_root).exists()


@pytest.mark.parametrize("path", ["/grants/", "/api/v1/grants"])
def test_i7_no_page_is_a_500_because_of_the_store(path: str) -> None:
    try:
        raise StorageError("gone")
    except StorageError:
        answer = server_error(RequestFactory().get(path))
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
