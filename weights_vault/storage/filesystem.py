"""A folder as the store: ab/cd/abcd….

An object is written beside its place as `.NAME.partial` (`file_writer.py`) and stands only when it is whole.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from weights_vault.storage.file_writer import (
    PARTIAL_SUFFIX,
    create_file,
    make_folders,
    not_written,
    partial_path,
    resume_file,
)
from weights_vault.storage.port import (
    ObjectMissing,
    ObjectWriter,
    SignedUrls,
    StorageError,
    StoredObject,
    is_object_name,
)
from weights_vault.storage.signed_urls import ObjectUrls


class FilesystemStorage:
    """The storage port over the folder `root`; `urls` signs the addresses that the portal serves it under."""

    def __init__(self, root: str | Path, urls: Callable[[], ObjectUrls]) -> None:
        self.root = Path(root)
        self._urls = urls

    def create(self, name: str, *, size: int) -> AbstractContextManager[ObjectWriter]:
        final = self._path(name)
        if not self.root.is_dir():
            raise StorageError(self._not_there())
        try:
            make_folders(self.root, final.parent)
        except OSError as error:
            raise not_written(error) from error
        return closing(create_file(final, size))

    def resume(self, name: str, *, size: int, upload: str) -> AbstractContextManager[ObjectWriter]:
        return closing(resume_file(self._path(name), size))

    def open(self, name: str) -> BinaryIO:
        try:
            return self._path(name).open("rb", buffering=0)
        except FileNotFoundError as error:
            raise ObjectMissing(f"object {name} is not in the store") from error
        except OSError as error:
            raise _not_read(error) from error

    def read(self, name: str, offset: int, out: memoryview) -> None:
        with self.open(name) as source:
            rest = out
            try:
                while rest.nbytes:
                    count = os.preadv(source.fileno(), [rest], offset)
                    if count == 0:
                        raise StorageError(f"object {name} is shorter than it was")
                    rest, offset = rest[count:], offset + count
            except OSError as error:
                raise _not_read(error) from error

    def size(self, name: str) -> int:
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError as error:
            raise ObjectMissing(f"object {name} is not in the store") from error
        except OSError as error:
            raise _not_read(error) from error

    def has(self, name: str) -> bool:
        try:
            self.size(name)
        except ObjectMissing:
            return False
        return True

    def delete(self, name: str) -> None:
        path = self._path(name)
        try:
            path.unlink(missing_ok=True)
            partial_path(path).unlink(missing_ok=True)
        except OSError as error:
            raise not_written(error) from error

    def objects(self) -> Iterator[StoredObject]:
        try:
            yield from self._objects()
        except OSError as error:
            raise _not_read(error) from error

    def _objects(self) -> Iterator[StoredObject]:
        for path in self.root.glob("*/*/*"):
            name = path.name.removeprefix(".").removesuffix(PARTIAL_SUFFIX)
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # finished or deleted while we looked
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            yield StoredObject(name, status.st_size, modified, partial=path.name != name)

    def url(self, name: str, *, lifetime_s: int, now: datetime) -> str:
        return self._urls().make(name, lifetime_s=lifetime_s, now=now)

    def urls(self, names: Iterable[str], *, lifetime_s: int, now: datetime) -> SignedUrls:
        signer = self._urls()
        made = [signer.make(name, lifetime_s=lifetime_s, now=now) for name in names]
        return SignedUrls(now + timedelta(seconds=lifetime_s), made)

    def urls_until(self, now: datetime) -> None:
        return None

    def faults(self, *, writing: bool = True) -> list[str]:
        if not self.root.is_dir():
            return [self._not_there()]
        if not os.access(self.root, os.R_OK | os.X_OK | (os.W_OK if writing else 0)):
            return [f"the folder {self.root} cannot be read{' and written' * writing} by this process"]
        if shutil.disk_usage(self.root).free == 0:
            return [f"the disk of {self.root} is full"]
        return []

    def _not_there(self) -> str:
        return f"the folder {self.root} is not there: mount its disk, or make it"

    def public_faults(self) -> list[str]:
        for served in (settings.STATIC_ROOT, settings.MEDIA_ROOT):
            if served and self.root.resolve().is_relative_to(Path(served).resolve()):
                return [f"the folder {self.root} lies in {served}, which is served to everybody"]
        return []

    def _path(self, name: str) -> Path:
        # Names come from the database and from URLs: nothing but a name we made may reach the disk.
        if not is_object_name(name):
            raise ObjectMissing("not an object name")
        return self.root / name[:2] / name[2:4] / name


def _not_read(error: OSError) -> StorageError:
    return StorageError(f"the store cannot be read: {error.strerror}")
