"""The storage port: write-once objects under random names.

Errors:

    StorageError             the store is at fault (full, out of reach, broken)
    ├── ObjectMissing        no object has that name
    └── ObjectExists         the name is taken; objects are never replaced
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

NAME_BYTES = 20
_NAME = re.compile(r"[0-9a-f]{40}")


class StorageError(Exception):
    """The store cannot do what was asked."""


class ObjectMissing(StorageError):
    """No object has that name."""


class ObjectExists(StorageError):
    """The name is taken; an object is written once."""


@dataclass(frozen=True)
class StoredObject:
    """name, size in bytes, when it was last written; a `partial` one was left by a write that was cut off."""

    name: str
    size: int
    modified: datetime
    partial: bool = False


class ObjectWriter(Protocol):
    """One object while it is written, front to back. Nothing has its name before `commit`."""

    def write(self, data: memoryview) -> None: ...

    def commit(self) -> None:
        """Make the object durable under its name. Raises: ObjectExists."""
        ...


class Storage(Protocol):
    def create(self, name: str) -> AbstractContextManager[ObjectWriter]:
        """Start writing an object; leaving the context without `commit` leaves nothing behind."""
        ...

    def open(self, name: str) -> BinaryIO:
        """Open an object for reading. Raises: ObjectMissing."""
        ...

    def size(self, name: str) -> int:
        """Bytes of an object. Raises: ObjectMissing."""
        ...

    def delete(self, name: str) -> None:
        """Remove an object, finished or partial; one that is not there is no error."""
        ...

    def objects(self) -> Iterator[StoredObject]:
        """All objects, finished and partial, in no order."""
        ...

    def local_copy(self, name: str) -> AbstractContextManager[Path]:
        """A file of this machine with the object's bytes, to read while the context lasts."""
        ...

    def url(self, name: str, *, lifetime_s: int, now: datetime) -> str:
        """A signed URL that answers GET for `lifetime_s` seconds, 60 to 900."""
        ...

    def faults(self) -> list[str]:
        """What keeps this store from working, as sentences; empty when it works."""
        ...


def random_name() -> str:
    """A fresh object name: 40 hex characters that say nothing."""
    return secrets.token_hex(NAME_BYTES)


def is_object_name(text: str) -> bool:
    """True for what `random_name` makes, and nothing else: no slash, dot, escape or newline (G6)."""
    return _NAME.fullmatch(text) is not None
