"""A folder as the store: ab/cd/abcd….

An object is written beside its place as `.NAME.partial`, synced, linked to its name (a link fails where the
name exists, unlike a rename) and only then stands; the folders are synced too, so that a finished object
survives a power cut.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from weights_vault.storage.port import ObjectExists, ObjectMissing, StorageError, StoredObject, is_object_name
from weights_vault.storage.signed_urls import ObjectUrls

PARTIAL_SUFFIX = ".partial"


class FilesystemStorage:
    """The storage port over the folder `root`; `urls` signs the addresses that the portal serves it under."""

    def __init__(self, root: str | Path, urls: Callable[[], ObjectUrls]) -> None:
        self.root = Path(root)
        self._urls = urls

    @contextmanager
    def create(self, name: str) -> Iterator["FileWriter"]:
        final = self._path(name)
        partial = _partial(final)
        try:
            _make_folders(self.root, final.parent)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError as error:
            raise ObjectExists(f"object {name} is being written already") from error
        except OSError as error:
            raise StorageError(f"the store cannot be written: {error.strerror}") from error
        try:
            yield FileWriter(descriptor, partial, final)
        finally:
            os.close(descriptor)
            partial.unlink(missing_ok=True)

    def open(self, name: str) -> BinaryIO:
        try:
            return self._path(name).open("rb", buffering=0)
        except FileNotFoundError as error:
            raise ObjectMissing(f"object {name} is not in the store") from error
        except OSError as error:
            raise StorageError(f"the store cannot be read: {error.strerror}") from error

    def size(self, name: str) -> int:
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError as error:
            raise ObjectMissing(f"object {name} is not in the store") from error

    def delete(self, name: str) -> None:
        path = self._path(name)
        path.unlink(missing_ok=True)
        _partial(path).unlink(missing_ok=True)

    def objects(self) -> Iterator[StoredObject]:
        for path in self.root.glob("*/*/*"):
            name = path.name.removeprefix(".").removesuffix(PARTIAL_SUFFIX)
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # finished or deleted while we looked
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            yield StoredObject(name, status.st_size, modified, partial=path.name != name)

    @contextmanager
    def local_copy(self, name: str) -> Iterator[Path]:
        self.size(name)
        yield self._path(name)

    def url(self, name: str, *, lifetime_s: int, now: datetime) -> str:
        return self._urls().make(name, lifetime_s=lifetime_s, now=now)

    def faults(self) -> list[str]:
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            return [f"the folder {self.root} cannot be made: {error.strerror}"]
        if not os.access(self.root, os.R_OK | os.W_OK | os.X_OK):
            return [f"the folder {self.root} cannot be read and written by this process"]
        if shutil.disk_usage(self.root).free == 0:
            return [f"the disk of {self.root} is full"]
        return []

    def _path(self, name: str) -> Path:
        # Names come from the database and from URLs: nothing but a name we made may reach the disk.
        if not is_object_name(name):
            raise ObjectMissing("not an object name")
        return self.root / name[:2] / name[2:4] / name


class FileWriter:
    """An open partial object."""

    def __init__(self, descriptor: int, partial: Path, final: Path) -> None:
        self._descriptor = descriptor
        self._partial = partial
        self._final = final

    def write(self, data: memoryview) -> None:
        rest = data
        try:
            while rest.nbytes:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            raise StorageError(f"the store cannot be written: {error.strerror}") from error

    def commit(self) -> None:
        try:
            os.fsync(self._descriptor)
            os.link(self._partial, self._final)
            _sync_folder(self._final.parent)
        except FileExistsError as error:
            raise ObjectExists(f"object {self._final.name} exists") from error
        except OSError as error:
            raise StorageError(f"the store cannot be written: {error.strerror}") from error


def _partial(final: Path) -> Path:
    return final.with_name(f".{final.name}{PARTIAL_SUFFIX}")


def _make_folders(root: Path, folder: Path) -> None:
    """Make root/ab/cd and sync what is new into its parents."""
    missing = [path for path in (folder, folder.parent, root) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in missing:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
