"""The folder as a store: written once, whole or not at all, under names that address nothing else."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.stored import store_object
from weights_vault.storage import file_writer, storage
from weights_vault.storage.filesystem import FilesystemStorage
from weights_vault.storage.port import ObjectExists, ObjectMissing, StorageError, random_name

PIECES = [b"first", b"second", b"3"]
WHOLE = b"".join(PIECES)
OFFSETS = [0, 5, 11]


def put(name: str, *numbers: int) -> list[str]:
    """Begin the object of PIECES, put some of them, and leave."""
    with storage().create(name, size=len(WHOLE)) as writer:
        return [writer.put(number, OFFSETS[number], memoryview(PIECES[number])) for number in numbers]


def read(name: str) -> bytes:
    with storage().open(name) as source:
        return source.read()


def place_of(root: Path, name: str) -> Path:
    return root / name[:2] / name[2:4] / name


@pytest.mark.parametrize("data", [b"", b"x", b"body" * 1000])
def test_written_object_is_read_back(data: bytes) -> None:
    name = random_name()
    store_object(name, data)
    assert (read(name), storage().size(name)) == (data, len(data))


def test_pieces_put_in_any_order_stand_in_theirs() -> None:
    name = random_name()
    with storage().create(name, size=len(WHOLE)) as writer:
        receipts = {
            number: writer.put(number, OFFSETS[number], memoryview(PIECES[number])) for number in (2, 0, 1)
        }
        writer.commit([receipts[number] for number in range(3)])
    assert read(name) == WHOLE


def test_object_has_no_name_before_it_is_committed(store_root: Path) -> None:
    name = random_name()
    with storage().create(name, size=8) as writer:
        writer.put(0, 0, memoryview(b"half"))
        with pytest.raises(ObjectMissing):
            storage().open(name)
        assert [(found.name, found.partial) for found in storage().objects()] == [(name, True)]


def test_object_that_is_not_committed_is_gone_on_with() -> None:
    """I1"""
    name = random_name()
    receipts = put(name, 0, 1)
    with storage().resume(name, size=len(WHOLE), upload="") as writer:
        assert writer.holds(0, 5, receipts[0])
        receipts.append(writer.put(2, OFFSETS[2], memoryview(PIECES[2])))
        writer.commit(receipts)
    assert read(name) == WHOLE
    assert [found.partial for found in storage().objects()] == [False]


def test_piece_of_an_earlier_boot_counts_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """I1: a power cut may have taken what no sync had brought to the disk."""
    name = random_name()
    receipts = put(name, 0, 1, 2)
    monkeypatch.setattr(file_writer, "this_boot", lambda: "another")
    with storage().resume(name, size=len(WHOLE), upload="") as writer:
        assert not writer.holds(0, 5, receipts[0])
        with pytest.raises(StorageError, match="lacks a piece"):
            writer.commit(receipts)


def test_nothing_begun_is_nothing_to_go_on_with() -> None:
    with pytest.raises(ObjectMissing):
        storage().resume(random_name(), size=4, upload="")


def test_object_begun_with_another_size_is_not_gone_on_with() -> None:
    name = random_name()
    put(name, 0)
    with pytest.raises(ObjectMissing, match="another size"):
        storage().resume(name, size=4, upload="")


@pytest.mark.parametrize("killed_before_the_partial_name_went", [False, True])
def test_commit_whose_answer_was_lost_is_done_when_it_is_resumed(
    killed_before_the_partial_name_went: bool, store_root: Path
) -> None:
    """I5"""
    name = random_name()
    store_object(name, WHOLE)
    place = place_of(store_root, name)
    if killed_before_the_partial_name_went:
        os.link(place, file_writer.partial_path(place))
    with storage().resume(name, size=len(WHOLE), upload="") as writer:
        assert writer.holds(0, 5, "whatever")
        with pytest.raises(ObjectExists):
            writer.put(0, 0, memoryview(b"other"))
        writer.commit(["whatever"])
    assert [(found.name, found.partial) for found in storage().objects()] == [(name, False)]


def test_commit_twice_is_one(store_root: Path) -> None:
    """I5"""
    name = random_name()
    with storage().create(name, size=4) as writer:
        receipt = writer.put(0, 0, memoryview(b"body"))
        writer.commit([receipt])
        writer.commit([receipt])
    assert read(name) == b"body"


def test_object_is_never_replaced() -> None:
    """A second writer cannot change what recipients were promised."""
    name = random_name()
    store_object(name, b"first")
    with pytest.raises(ObjectExists):
        store_object(name, b"other")
    with pytest.raises(ObjectExists):
        storage().resume(name, size=5, upload="")
    assert read(name) == b"first"


def test_two_writers_of_one_name_cannot_mix() -> None:
    name = random_name()
    with storage().create(name, size=5) as first:
        receipt = first.put(0, 0, memoryview(b"first"))
        with pytest.raises(ObjectExists):
            storage().create(name, size=6)
        with pytest.raises(ObjectExists):
            storage().resume(name, size=5, upload="")
        first.commit([receipt])
    assert read(name) == b"first"


def test_object_deleted_under_its_writer_is_not_brought_back() -> None:
    name = random_name()
    with storage().create(name, size=4) as writer:
        receipt = writer.put(0, 0, memoryview(b"body"))
        storage().delete(name)
        with pytest.raises(StorageError, match="deleted"):
            writer.commit([receipt])
    assert list(storage().objects()) == []


def test_piece_beyond_the_end_is_a_mistake_of_ours() -> None:
    with storage().create(random_name(), size=4) as writer, pytest.raises(RuntimeError, match="outside"):
        writer.put(0, 1, memoryview(b"body"))


def test_deleting_takes_the_object_and_what_a_killed_writer_left(store_root: Path) -> None:
    name = random_name()
    store_object(name, b"body")
    file_writer.partial_path(place_of(store_root, name)).write_bytes(b"left")
    storage().delete(name)
    storage().delete(name)
    assert list(storage().objects()) == []


def test_objects_and_folders_are_the_owners_alone(store_root: Path) -> None:
    name = random_name()
    store_object(name, b"body")
    place = place_of(store_root, name)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


NO_NAMES = [
    "", "..", "../../etc/passwd", "a" * 39, "a" * 41, "A" * 40, "g" * 40, "a" * 40 + "\n", "a/" * 20,
    "é" * 40, "a" * 36 + "\x00abc",
]  # fmt: skip


@pytest.mark.parametrize("name", NO_NAMES)
def test_name_that_we_did_not_make_addresses_nothing(name: str, store_root: Path) -> None:
    """G6"""
    store = storage()
    for act in (store.open, store.size, store.delete):
        with pytest.raises(ObjectMissing):
            act(name)
    with pytest.raises(ObjectMissing):
        store.create(name, size=1)
    with pytest.raises(ObjectMissing):
        store.resume(name, size=1, upload="")


def test_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file is in the way")
    store = FilesystemStorage(tmp_path / "store", urls=_no_urls)
    with pytest.raises(StorageError, match="not there"):
        store.create(random_name(), size=1)
    assert "not there" in store.faults()[0]


def test_a_disk_that_is_not_mounted_is_a_fault_and_nothing_is_made_in_its_place(tmp_path: Path) -> None:
    root = tmp_path / "mnt" / "store"
    store = FilesystemStorage(root, urls=_no_urls)
    assert store.faults() == [f"the folder {root} is not there: mount its disk, or make it"]
    with pytest.raises(StorageError, match="mount its disk"):
        store.create(random_name(), size=1)
    assert not root.parent.exists()


def full(*arguments: Any) -> int:
    raise OSError(28, "No space left on device")


def test_disk_that_fills_is_an_error_of_the_store_and_keeps_what_was_put(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = random_name()
    with storage().create(name, size=len(WHOLE)) as writer:
        writer.put(0, 0, memoryview(PIECES[0]))
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(StorageError, match="No space left"):
            writer.put(1, 5, memoryview(PIECES[1]))
    assert [found.partial for found in storage().objects()] == [True]


def test_disk_too_full_to_begin_is_told_at_the_start_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StorageError, match="No space left"):
        storage().create(random_name(), size=4)
    assert list(storage().objects()) == []


def test_read_fills_exactly_what_was_asked_for() -> None:
    name = random_name()
    store_object(name, WHOLE)
    out = bytearray(6)
    storage().read(name, 5, memoryview(out))
    assert bytes(out) == b"second"


def test_read_beyond_the_end_is_an_error_of_the_store() -> None:
    name = random_name()
    store_object(name, WHOLE)
    with pytest.raises(StorageError, match="shorter"):
        storage().read(name, 10, memoryview(bytearray(6)))


def test_working_store_has_no_faults() -> None:
    assert (storage().faults(), storage().public_faults()) == ([], [])


def test_store_among_the_static_files_is_public(settings: Any, store_root: Path) -> None:
    """I8"""
    settings.STATIC_ROOT = store_root.parent
    assert "served to everybody" in storage().public_faults()[0]


def _no_urls() -> Any:
    raise AssertionError("no URL is made here")
