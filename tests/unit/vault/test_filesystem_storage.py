"""The folder as a store: written once, whole or not at all, under names that address nothing else."""

import os
import stat
from pathlib import Path

import pytest

from weights_vault.storage import storage
from weights_vault.storage.filesystem import FilesystemStorage
from weights_vault.storage.port import ObjectExists, ObjectMissing, StorageError, random_name


def write(name: str, data: bytes, commit: bool = True) -> None:
    with storage().create(name) as writer:
        writer.write(memoryview(data))
        if commit:
            writer.commit()


def read(name: str) -> bytes:
    with storage().open(name) as source:
        return source.read()


def test_written_object_is_read_back() -> None:
    name = random_name()
    write(name, b"body")
    assert (read(name), storage().size(name)) == (b"body", 4)


def test_object_has_no_name_before_it_is_committed(store_root: Path) -> None:
    name = random_name()
    with storage().create(name) as writer:
        writer.write(memoryview(b"half"))
        with pytest.raises(ObjectMissing):
            storage().open(name)
        assert [(found.name, found.partial) for found in storage().objects()] == [(name, True)]


def test_object_that_is_not_committed_leaves_nothing(store_root: Path) -> None:
    write(random_name(), b"half", commit=False)
    assert list(storage().objects()) == []


def test_object_is_never_replaced() -> None:
    """A second writer cannot change what recipients were promised."""
    name = random_name()
    write(name, b"first")
    with pytest.raises(ObjectExists):
        write(name, b"second")
    assert read(name) == b"first"


def test_two_writers_of_one_name_cannot_mix() -> None:
    name = random_name()
    with storage().create(name) as first:
        first.write(memoryview(b"first"))
        with pytest.raises(ObjectExists):
            write(name, b"second")
        first.commit()
    assert read(name) == b"first"


def test_deleting_takes_the_object_and_what_a_killed_writer_left(store_root: Path) -> None:
    name = random_name()
    write(name, b"body")
    (store_root / name[:2] / name[2:4] / f".{name}.partial").write_bytes(b"left")
    storage().delete(name)
    storage().delete(name)
    assert list(storage().objects()) == []


def test_objects_and_folders_are_the_owners_alone(store_root: Path) -> None:
    name = random_name()
    write(name, b"body")
    place = store_root / name[:2] / name[2:4] / name
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
    with pytest.raises(ObjectMissing), store.create(name):
        pass


def test_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file is in the way")
    store = FilesystemStorage(tmp_path / "store" / "deeper", urls=_no_urls)
    with pytest.raises(StorageError), store.create(random_name()):
        pass
    assert "cannot be made" in store.faults()[0]


def test_full_disk_is_an_error_of_the_store_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StorageError, match="No space left"):
        write(random_name(), b"body")
    monkeypatch.undo()
    assert list(storage().objects()) == []


def test_working_store_has_no_faults() -> None:
    assert storage().faults() == []


def test_local_copy_is_the_object_itself() -> None:
    name = random_name()
    write(name, b"body")
    with storage().local_copy(name) as path:
        assert path.read_bytes() == b"body"


def _no_urls() -> object:
    raise AssertionError("no URL is made here")
