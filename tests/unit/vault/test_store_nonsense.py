"""A store that hangs, or that answers nonsense, holds up nobody for long and recalls nothing (I6, I7)."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from pytest_django import Settings

from portal.core.problems import Unavailable
from tests.servers.sorry import sorry_proxy
from tests.unit.vault.folders import write_folder
from tests.unit.vault.scrubbing import body_of, flip, store_that
from weights_vault import outage
from weights_vault.models import BodyCheck, Revision
from weights_vault.outage import StoreWatch
from weights_vault.scrub.reading import unlimited
from weights_vault.scrub.rounds import sit
from weights_vault.sealed.body import PART_SIZE
from weights_vault.storage import s3_client, storage
from weights_vault.storage.in_time import in_time
from weights_vault.storage.port import StorageBusy, StorageError, random_name
from weights_vault.storage.s3 import SINGLE_PUT_SIZE, S3Storage
from weights_vault.storage.s3_location import parse_location

SHARD = "model-00001-of-00002.safetensors"
PAGES = {"HTML": b"<html>" + b"sorry " * 400 + b"</html>", "text": b"sorry " * 400, "nothing": b""}


@pytest.fixture(autouse=True)
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_client, "ATTEMPTS", 1)  # its backoff is boto3's affair, and takes seconds
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "for a store that is none")


def url_of(endpoint: str) -> str:
    return f"s3://weights?endpoint={endpoint}&region=default&path_style=1"


@pytest.fixture(params=PAGES.values(), ids=PAGES.keys())
def proxy(request: pytest.FixtureRequest) -> Iterator[str]:
    with sorry_proxy(request.param) as endpoint:
        yield endpoint


@pytest.fixture
def black_hole() -> Iterator[str]:
    """Connections are accepted, and nobody ever says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def put_whole(store: S3Storage, name: str) -> None:
    with store.create(name, size=4) as writer:
        writer.commit([writer.put(0, 0, memoryview(b"four"))])


ASKED: dict[str, Callable[[S3Storage, str], object]] = {
    "size": lambda store, name: store.size(name),
    "has": lambda store, name: store.has(name),
    "read": lambda store, name: store.read(name, 500, memoryview(bytearray(1_000))),
    "read from the start": lambda store, name: store.read(name, 0, memoryview(bytearray(1_000))),
    "open": lambda store, name: store.open(name),
    "objects": lambda store, name: list(store.objects()),
    "delete": lambda store, name: store.delete(name),
    "put whole": put_whole,
    "begin": lambda store, name: store.create(name, size=SINGLE_PUT_SIZE + 1),
    "go on": lambda store, name: store.resume(name, size=SINGLE_PUT_SIZE + 1, upload="upload"),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED.keys())
def test_a_proxys_page_with_200_is_no_answer(proxy: str, ask: Callable[[S3Storage, str], object]) -> None:
    store = S3Storage(parse_location(url_of(proxy)))
    with pytest.raises(StorageBusy):
        ask(store, random_name())


def test_a_proxys_page_is_a_fault(proxy: str) -> None:
    assert "cannot be used" in S3Storage(parse_location(url_of(proxy))).faults()[0]


@pytest.mark.django_db
@pytest.mark.database
def test_i7_a_proxys_page_recalls_nothing(
    revision: Revision, now: datetime, settings: Settings, proxy: str
) -> None:
    settings.STORAGE_URL = url_of(proxy)
    with pytest.raises(StorageError):
        sit(now, unlimited())
    assert_nothing_found(revision)


def assert_nothing_found(revision: Revision) -> None:
    revision.refresh_from_db()
    assert revision.state == "published"
    assert not BodyCheck.objects.filter(found_at__isnull=False).exists()
    assert BodyCheck.objects.filter(failed_at__isnull=False).exists()


@pytest.mark.django_db
@pytest.mark.database
def test_i7_a_store_of_other_bytes_recalls_nothing(revision: Revision, now: datetime) -> None:
    """The right names and sizes, and nonsense: another copy of the disk, say."""

    def nonsense(name: str, offset: int, out: memoryview) -> None:
        out[:] = bytes(out.nbytes)

    with store_that(read=nonsense), pytest.raises(StorageError, match="is it the right one"):
        sit(now, unlimited())
    assert_nothing_found(revision)


@pytest.mark.django_db
@pytest.mark.database
def test_i7_a_store_of_other_sizes_recalls_nothing(revision: Revision, now: datetime) -> None:
    with store_that(size=lambda name: 7), pytest.raises(StorageError, match="is it the right one"):
        sit(now, unlimited())
    assert_nothing_found(revision)


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize("harm", ["bytes", "size"])
def test_i7_nonsense_that_has_passed_recalls_nothing(
    revision: Revision, now: datetime, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    """Wrong for as long as one body is read, right when it is looked at once more."""
    store, wrong = storage(), [True]

    def read(name: str, offset: int, out: memoryview) -> None:
        type(store).read(store, name, offset, out)
        if wrong[0] and harm == "bytes":
            out[0] ^= 1

    def size(name: str) -> int:
        return type(store).size(store, name) + (wrong[0] and harm == "size")

    def heals(body: object) -> None:
        wrong[0] = False

    monkeypatch.setattr("weights_vault.scrub.rounds.require_sane_store", heals)
    with store_that(read=read, size=size), pytest.raises(StorageError, match="than it does now"):
        sit(now, unlimited())
    assert_nothing_found(revision)
    sit(now.replace(hour=23), unlimited())
    assert not BodyCheck.objects.filter(found_at__isnull=False).exists()


@pytest.mark.django_db
@pytest.mark.database
def test_i6_one_sound_body_shows_that_the_store_is_right(
    publish: Callable[..., Revision], store_root: Path, tmp_path: Path, now: datetime
) -> None:
    big = publish("v1", folder=write_folder(tmp_path / "big", shards=1, values=3_000_000))
    for file in big.files.select_related("body"):
        for part in range(2 if file.size > PART_SIZE else 1):
            flip(file.body, store_root, part=part)  # every part of every body; the nonces stand
    sit(now, unlimited())
    big.refresh_from_db()
    assert big.state == "quarantined"
    assert BodyCheck.objects.filter(found_at__isnull=False).count() == big.files.count()


def test_a_black_hole_is_left_after_seconds(black_hole: str) -> None:
    """As a client asks that waits for the answer; the patient one waits for minutes."""
    store, began = S3Storage(parse_location(url_of(black_hole))), time.monotonic()
    with pytest.raises(StorageBusy):
        store.has(random_name())
    assert time.monotonic() - began < outage.ANSWER_S


@pytest.mark.django_db
def test_i7_a_store_that_hangs_is_away_in_time(revision: Revision, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no timeout reaches: a dead network disk, a name server that is silent."""
    monkeypatch.setattr(outage, "ANSWER_S", 0.05)
    end = threading.Event()

    def hang(name: str) -> bool:
        assert end.wait(30)
        return True

    with store_that(has=hang):
        began = time.monotonic()
        with pytest.raises(Unavailable):
            StoreWatch().require(body_of(revision, SHARD))
        took = time.monotonic() - began
        end.set()
    assert took < 10


@pytest.mark.django_db
def test_i7_so_is_one_that_hangs_when_the_others_are_asked_for(
    revision: Revision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "ANSWER_S", 0.05)
    lost, end = body_of(revision, SHARD), threading.Event()

    def has(name: str) -> bool:
        assert name == lost.object_name or end.wait(30)
        return False

    with store_that(has=has):
        with pytest.raises(Unavailable):
            StoreWatch().require(lost)
        end.set()


def test_what_is_asked_in_time_is_answered_and_errors_are_its_own() -> None:
    assert in_time(lambda: 7, 10) == 7
    with pytest.raises(TimeoutError, match="of its own"):
        in_time(lambda: raise_(TimeoutError("of its own")), 10)
    with pytest.raises(StorageError, match="gone"):
        in_time(lambda: raise_(StorageError("gone")), 10)


def raise_(error: Exception) -> None:
    raise error
