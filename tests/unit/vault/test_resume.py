"""A publish that was ended half-way through a file goes on with it, part by part, and never puts two
plaintexts under one key (docs/reference/sealed-format.md, section 3.4).
"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.unit.vault.folders import safetensors
from weights_vault import keeper
from weights_vault.ingest.progress import SilentProgress
from weights_vault.ingest.under_way import BodyRecord, KnownPart
from weights_vault.models import File, Revision, SealedBody
from weights_vault.models.bodies import BodyUnderWay, PartUnderWay
from weights_vault.queries import orphans
from weights_vault.sealed.body import (
    NONCE_SIZE,
    PLAIN_PART_SIZE,
    BodySealer,
    part_count,
    part_digest,
    part_range,
)
from weights_vault.storage import storage
from weights_vault.storage.file_writer import FileWriter
from weights_vault.storage.port import StorageError

pytestmark = [pytest.mark.django_db]

Publish = Callable[..., Revision]
SHARD = "model-00001-of-00002.safetensors"
PARTS = 9


class Store:
    """Watches what reaches the store, and fails when told to."""

    def __init__(self) -> None:
        self.puts: list[tuple[str, int, str]] = []  # object, piece, SHA-256 of what was put
        self.fails_at: int | None = None  # from this many puts of the large object on
        self.large = 0
        self._lock = threading.Lock()

    def before_put(self, writer: FileWriter, number: int, data: memoryview) -> None:
        with self._lock:
            if writer._size > PLAIN_PART_SIZE:
                if self.fails_at is not None and self.large >= self.fails_at:
                    raise StorageError("the store is out of reach")
                self.large += 1
            self.puts.append((writer._final.name, number, hashlib.sha256(data).hexdigest()))

    def of(self, body: SealedBody) -> list[int]:
        return [number for name, number, _ in self.puts if name == body.object_name]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Nothing that reached the store under one name and number ever differs."""
    watched, real = Store(), FileWriter.put

    def put(self: FileWriter, number: int, offset: int, data: memoryview) -> str:
        watched.before_put(self, number, data)
        return real(self, number, offset, data)

    monkeypatch.setattr(FileWriter, "put", put)
    yield watched
    assert len({(name, number) for name, number, _ in watched.puts}) == len(set(watched.puts))


@pytest.fixture
def shard(folder: Path) -> Path:
    """A shard of several parts."""
    place = folder / SHARD
    values = np.random.default_rng(3).integers(0, 255, (PARTS - 1) * PLAIN_PART_SIZE + 99, np.uint8)
    place.write_bytes(safetensors({"w": values}))
    return place


@pytest.fixture
def begun(store: Store, shard: Path, publish: Publish) -> SealedBody:
    """The body of the shard, of which four parts are in the store."""
    store.fails_at = 4
    with pytest.raises(StorageError):
        publish("v1")
    store.fails_at = None
    return SealedBody.objects.get(files__path=SHARD)


def change(shard: Path, offset: int) -> None:
    with shard.open("r+b") as file:
        file.seek(offset)
        old = file.read(1)
        file.seek(offset)
        file.write(bytes([old[0] ^ 1]))


def assert_sealed_whole(revision: Revision, shard: Path) -> None:
    """Each part in the store and in the source is the one of the manifest."""
    body = revision.files.get(path=SHARD).body
    with storage().open(body.object_name) as source:
        stored = source.read()
    data = shard.read_bytes()
    assert stored[:NONCE_SIZE].hex() == body.nonce
    for index, (sealed, plain) in enumerate(body.parts):
        where = part_range(index, body.plain_size)
        assert part_digest(stored[where.body_start : where.body_end]) == sealed
        assert part_digest(data[where.plain_start : where.plain_end]) == plain
    assert len(body.parts) == part_count(len(data))
    assert revision.files.get(path=SHARD).sha256 == hashlib.sha256(data).hexdigest()


class Heard(SilentProgress):
    def __init__(self) -> None:
        self.gone_on: list[tuple[str, int, int]] = []

    def go_on(self, path: str, done: int, size: int) -> None:
        self.gone_on.append((path, done, size))


def test_parts_in_the_store_are_neither_sealed_nor_put_again(
    begun: SealedBody, store: Store, shard: Path, publish: Publish
) -> None:
    """I1: the store failed; what was recorded by then is kept."""
    recorded = set(PartUnderWay.objects.exclude(receipt="").values_list("index", flat=True))
    before = store.of(begun)
    assert (begun.state, len(before)) == ("writing", 4)
    assert recorded == set(before)
    progress = Heard()
    revision = publish("v1", progress=progress)
    again = store.of(begun)[len(before) :]
    assert revision.files.get(path=SHARD).body_id == begun.pk
    assert not recorded & set(again)
    assert set(before) | set(again) == set(range(PARTS))
    assert progress.gone_on == [(SHARD, 4 * PLAIN_PART_SIZE, shard.stat().st_size)]
    assert_sealed_whole(revision, shard)
    assert not BodyUnderWay.objects.exists()
    assert not PartUnderWay.objects.exists()


def test_nothing_is_put_before_its_plaintext_is_pinned(
    store: Store, shard: Path, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Section 3.4. The store is asked in another thread: what is pinned is looked at by what was written."""
    pinned: set[int] = set()
    real = PartUnderWay.objects.bulk_create

    def watched(rows: list[PartUnderWay], **arguments: object) -> object:
        result = real(rows, **arguments)  # type: ignore[arg-type]
        pinned.update(row.index for row in rows)
        return result

    monkeypatch.setattr(PartUnderWay.objects, "bulk_create", watched)
    before = store.before_put
    early: list[int] = []

    def put(writer: FileWriter, number: int, data: memoryview) -> None:
        if writer._size > PLAIN_PART_SIZE and number not in pinned:
            early.append(number)
        before(writer, number, data)

    monkeypatch.setattr(store, "before_put", put)
    publish("v1")
    assert early == []
    assert pinned == set(range(PARTS))


@pytest.mark.parametrize("part", [0, 3, 4])
def test_changed_part_throws_the_whole_body_away(
    part: int, begun: SealedBody, store: Store, shard: Path, publish: Publish
) -> None:
    """I2: changed between two runs; pinned parts, stored or not."""
    assert PartUnderWay.objects.filter(index=part).exists()
    change(shard, part * PLAIN_PART_SIZE + 70_000)
    revision = publish("v1")
    body = revision.files.get(path=SHARD).body
    assert body.nonce != begun.nonce
    assert bytes(body.wrapped_key) != bytes(begun.wrapped_key)
    assert not SealedBody.objects.filter(pk=begun.pk).exists()
    assert_sealed_whole(revision, shard)
    assert orphans() == []


def test_part_that_was_never_pinned_may_have_changed(
    store: Store, shard: Path, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it was ever sealed: there is no first plaintext that a second could betray."""
    real = BodyRecord.keep

    def keep(self: BodyRecord, parts: dict[int, KnownPart]) -> None:
        if PARTS - 1 in parts:
            raise StorageError("out of reach just before the last pin")
        real(self, parts)

    with monkeypatch.context() as failing:
        failing.setattr(BodyRecord, "keep", keep)
        with pytest.raises(StorageError):
            publish("v1")
    begun = SealedBody.objects.get(files__path=SHARD)
    assert PartUnderWay.objects.count() == PARTS - 1
    change(shard, (PARTS - 1) * PLAIN_PART_SIZE + 5)
    revision = publish("v1")
    assert revision.files.get(path=SHARD).body_id == begun.pk
    assert_sealed_whole(revision, shard)


def test_shard_of_another_size_gets_a_new_body(begun: SealedBody, shard: Path, publish: Publish) -> None:
    shard.write_bytes(safetensors({"w": np.zeros(3 * PLAIN_PART_SIZE, np.uint8)}))
    revision = publish("v1")
    assert revision.files.get(path=SHARD).body.nonce != begun.nonce
    assert_sealed_whole(revision, shard)


def test_object_that_the_store_lost_is_begun_anew(
    begun: SealedBody, store: Store, shard: Path, publish: Publish
) -> None:
    storage().delete(begun.object_name)
    revision = publish("v1")
    assert revision.files.get(path=SHARD).body.nonce != begun.nonce
    assert_sealed_whole(revision, shard)


def test_part_that_the_store_lost_is_put_again_with_the_same_bytes(
    begun: SealedBody, store: Store, shard: Path, publish: Publish
) -> None:
    """A receipt of another boot: the piece may never have reached the disk."""
    PartUnderWay.objects.exclude(receipt="").update(receipt="another boot")
    revision = publish("v1")
    assert revision.files.get(path=SHARD).body_id == begun.pk
    assert set(store.of(begun)) == set(range(PARTS))
    assert_sealed_whole(revision, shard)


def test_commit_whose_answer_was_lost_is_not_done_twice(
    store: Store, shard: Path, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I5, I1: the object is finished, and its row does not know."""
    real = FileWriter.commit

    def commit(self: FileWriter, receipts: list[str]) -> None:
        real(self, receipts)
        if self._size > PLAIN_PART_SIZE:
            raise StorageError("the answer was lost")

    with monkeypatch.context() as lossy:
        lossy.setattr(FileWriter, "commit", commit)
        with pytest.raises(StorageError):
            publish("v1")
    body = SealedBody.objects.get(files__path=SHARD)
    puts = len(store.puts)
    revision = publish("v1")
    assert revision.files.get(path=SHARD).body_id == body.pk
    assert body.object_name not in {name for name, _, _ in store.puts[puts:]}
    assert_sealed_whole(revision, shard)


def test_upload_that_was_never_recorded_is_begun_anew(shard: Path, publish: Publish) -> None:
    """I1: killed between the object's first byte and the row that says how to go on."""
    begun: list[SealedBody] = []

    def no_row(body: SealedBody, upload: str) -> None:
        begun.append(body)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as killed:
        killed.setattr("weights_vault.ingest.under_way.BodyRecord.begin", no_row)
        with pytest.raises(KeyboardInterrupt):
            publish("v1")
    revision = publish("v1")
    assert revision.files.get(path=SHARD).body_id != begun[0].pk
    assert_sealed_whole(revision, shard)
    assert orphans() == []


def test_finished_body_is_never_sealed_under_again(publish: Publish) -> None:
    publish("v1")
    with pytest.raises(RuntimeError, match="stored"):
        keeper.resume_body(File.objects.all()[0].body)


def test_resumed_sealer_seals_what_the_first_one_would(begun: SealedBody, store: Store, shard: Path) -> None:
    """The same key and nonce: what is stored again is the same, byte for byte."""
    data = shard.read_bytes()[:PLAIN_PART_SIZE]
    sealer: BodySealer = keeper.resume_body(begun)
    out = bytearray(part_range(0, begun.plain_size).sealed_size)
    sealer.seal_part(0, data, out)
    first = next(sha for name, number, sha in store.puts if (name, number) == (begun.object_name, 0))
    assert hashlib.sha256(bytes.fromhex(begun.nonce) + out).hexdigest() == first
    with pytest.raises(RuntimeError, match="sealed already"):
        sealer.seal_part(0, data, out)
