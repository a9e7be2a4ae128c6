"""An object while it is written into a folder: syncs and locks that fail, and others who finish it."""

import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from tests.stored import store_object
from tests.unit.vault.test_filesystem_storage import OFFSETS, PIECES, WHOLE, place_of, put
from weights_vault.storage import storage
from weights_vault.storage.file_writer import partial_path
from weights_vault.storage.port import ObjectExists, ObjectMissing, StorageError, random_name


def test_a_sync_that_fails_leaves_nothing_to_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel reports it once, and may have dropped the pages: the next sync would succeed."""
    name, sync = random_name(), os.fsync

    def fails(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with storage().create(name, size=len(WHOLE)) as writer:
        receipts = [writer.put(each, OFFSETS[each], memoryview(PIECES[each])) for each in range(3)]
        monkeypatch.setattr(os, "fsync", fails)
        with pytest.raises(StorageError, match="Input/output"):
            writer.commit(receipts)
    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(ObjectMissing):
        storage().resume(name, size=len(WHOLE), upload="")
    assert list(storage().objects()) == []


def test_the_folders_around_an_object_are_synced_with_it(
    store_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, sync, name = set(), os.fsync, random_name()

    def noting(descriptor: int) -> None:
        synced.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    store_object(name, b"body")
    place = place_of(store_root, name)
    assert {str(folder) for folder in place.parents[:3]} < synced


@pytest.mark.parametrize("unlinked", [True, False], ids=["committed", "killed after its link"])
def test_what_another_commits_while_it_is_opened_is_found_finished_and_not_written(
    store_root: Path, monkeypatch: pytest.MonkeyPatch, unlinked: bool
) -> None:
    name, lock = random_name(), fcntl.flock
    put(name, 0, 1, 2)
    partial = partial_path(place_of(store_root, name))

    def late(descriptor: int, operation: int) -> None:
        lock(descriptor, operation)
        if partial.exists() and not place_of(store_root, name).exists():
            os.link(partial, place_of(store_root, name))
            if unlinked:
                partial.unlink()

    monkeypatch.setattr(fcntl, "flock", late)
    with storage().resume(name, size=len(WHOLE), upload="") as writer, pytest.raises(ObjectExists):
        writer.put(0, 0, memoryview(PIECES[0]))
    assert not partial.exists()


def test_what_is_committed_just_before_it_is_opened_is_found_finished(
    store_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, open_it = random_name(), os.open
    put(name, 0, 1, 2)
    partial = partial_path(place_of(store_root, name))

    def late(path: Any, flags: int, *rest: Any) -> int:
        if path == partial and partial.exists():
            partial.rename(place_of(store_root, name))
        return open_it(path, flags, *rest)

    monkeypatch.setattr(os, "open", late)
    with storage().resume(name, size=len(WHOLE), upload="") as writer:
        assert writer.holds(0, 5, "any")


def test_a_disk_without_locks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(37, "No locks available")

    name = random_name()
    put(name, 0)
    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(StorageError, match="no file locks: No locks available"):
        storage().resume(name, size=len(WHOLE), upload="")
    storage().delete(name)
    with pytest.raises(StorageError, match="no file locks"):
        storage().create(random_name(), size=4)
    assert list(storage().objects()) == []


def test_an_object_that_lost_bytes_on_its_way_is_not_committed(store_root: Path) -> None:
    name = random_name()
    with storage().create(name, size=len(WHOLE)) as writer:
        receipts = [writer.put(each, OFFSETS[each], memoryview(PIECES[each])) for each in range(3)]
        os.truncate(partial_path(place_of(store_root, name)), 5)
        with pytest.raises(StorageError, match="does not have its 12 bytes"):
            writer.commit(receipts)
    with pytest.raises(ObjectMissing):
        storage().size(name)


def test_a_finished_object_of_another_size_is_another_object() -> None:
    name = random_name()
    store_object(name, WHOLE)
    with pytest.raises(ObjectExists):
        storage().resume(name, size=len(WHOLE) + 1, upload="")


def test_what_another_began_anew_under_the_name_is_not_committed(store_root: Path) -> None:
    name = random_name()
    with storage().create(name, size=4) as deleted:
        receipt = deleted.put(0, 0, memoryview(b"body"))
        storage().delete(name)
        again = storage().create(name, size=4)
        with again, pytest.raises(StorageError, match="was deleted while it was written"):
            deleted.commit([receipt])
    assert [found.partial for found in storage().objects()] == [True]
