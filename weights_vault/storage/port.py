"""The storage port: write-once objects under random names, written in pieces.

An object is written in pieces, numbered from 0, put by any thread in any order. What was put outlives the
process that put it: `resume` goes on where a killed one stopped.

Errors:

    StorageError             the store is at fault (full, out of reach, broken)
    ├── ObjectMissing        no object has that name
    ├── ObjectExists         the name is taken; objects are never replaced
    └── StorageBusy          the store asks for patience; try again after `retry_after_s`
"""

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Protocol

NAME_BYTES = 20
MAX_PIECES = 10_000  # of an S3 multipart upload
MIN_PIECE_SIZE = 5 * 2**20  # of every piece but the last, there too
MAX_UPLOAD_CHARACTERS = 256
DEFAULT_RETRY_S = 30
_NAME = re.compile(r"[0-9a-f]{40}")


class StorageError(Exception):
    """The store cannot do what was asked."""


class ObjectMissing(StorageError):
    """No object has that name."""


class ObjectExists(StorageError):
    """The name is taken; an object is written once."""


class StorageBusy(StorageError):
    """The store is there but overloaded, or has nothing to sign with for a moment."""

    def __init__(self, message: str, retry_after_s: int = DEFAULT_RETRY_S) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


@dataclass(frozen=True)
class StoredObject:
    """name, size in bytes, when it was last written; a `partial` one is not finished: it is being written,
    or was left by a write that was cut off.
    """

    name: str
    size: int
    modified: datetime
    partial: bool = False


@dataclass(frozen=True)
class SignedUrls:
    """urls: one for each name asked for, in order, each good until `expires`. Secrets: not in the repr."""

    expires: datetime
    urls: list[str] = field(repr=False)


class ObjectWriter(Protocol):
    """One object while it is written. Nothing has its name before `commit`."""

    @property
    def upload(self) -> str:
        """What `resume` needs besides the name: at most MAX_UPLOAD_CHARACTERS, no secret, maybe empty."""
        ...

    def put(self, number: int, offset: int, data: memoryview) -> str:
        """Bring in piece `number`, which lies at `offset` of the object, and return its receipt.

        number: from 0 to MAX_PIECES - 1, in the order of the offsets. data: MIN_PIECE_SIZE bytes or more but
            for the last piece; may be used again once this returned.
        From any thread, in any order; a piece may be put again, with the same bytes.
        Raises: StorageBusy, StorageError.
        """
        ...

    def holds(self, number: int, size: int, receipt: str) -> bool:
        """After `resume`: is the piece of that receipt and size still there? If not, put it again."""
        ...

    def begun(self, number: int, offset: int) -> bool:
        """Did anything of piece `number`, which lies at `offset`, reach the store, whoever put it?"""
        ...

    def commit(self, receipts: Sequence[str]) -> None:
        """Make the object durable under its name. receipts: of all pieces, in order.

        Also right when an earlier commit was done but its answer was lost (I5): what stands under the name
        is compared with what was put.
        Raises: ObjectExists: another object has the name. StorageBusy. StorageError: also when a piece is
            missing or the sizes do not add up.
        """
        ...


class Storage(Protocol):
    def create(self, name: str, *, size: int) -> AbstractContextManager[ObjectWriter]:
        """Start writing an object of `size` bytes.

        Leaving the context without `commit` keeps what was put, for `resume` to go on with or `delete` to
        throw away.
        Raises: ObjectExists: it is being written already. StorageError.
        """
        ...

    def resume(self, name: str, *, size: int, upload: str) -> AbstractContextManager[ObjectWriter]:
        """Go on writing what `create(name, size=size)` began; `upload`: what its writer said.

        Raises: ObjectMissing: there is nothing to go on with: throw it away and create another.
            ObjectExists: somebody else is writing it. StorageError.
        """
        ...

    def open(self, name: str) -> BinaryIO:
        """Open an object for reading, seekable. Raises: ObjectMissing, StorageError."""
        ...

    def read(self, name: str, offset: int, out: memoryview) -> None:
        """Fill `out` with the object's bytes from `offset` on. From any thread.

        Raises: ObjectMissing. StorageError: also when the object ends before `out` is full.
        """
        ...

    def size(self, name: str) -> int:
        """Bytes of an object. Raises: ObjectMissing, StorageError."""
        ...

    def has(self, name: str) -> bool:
        """Is there an object of that name? Asked once and without patience: for a caller who waits.

        Raises: StorageError: the store does not say within a few seconds.
        """
        ...

    def delete(self, name: str) -> None:
        """Remove an object, finished or partial; one that is not there is no error."""
        ...

    def objects(self) -> Iterator[StoredObject]:
        """All objects, finished and partial, in no order; size of a partial one: of what it may hold."""
        ...

    def url(self, name: str, *, lifetime_s: int, now: datetime) -> str:
        """A signed URL that answers GET for `lifetime_s` seconds, 60 to 900; see `urls` for many."""
        ...

    def urls(self, names: Iterable[str], *, lifetime_s: int, now: datetime) -> SignedUrls:
        """Signed URLs for all of `names`, with one look at the credentials.

        They live for `lifetime_s` seconds, or until the credentials end that signed them (G7).
        Raises: StorageBusy: the credentials end too soon to sign anything with.
        """
        ...

    def urls_until(self, now: datetime) -> datetime | None:
        """When the credentials end that would sign now; None if they do not."""
        ...

    def faults(self, *, writing: bool = True) -> list[str]:
        """What keeps this store from working, as sentences; empty when it works.

        writing: whether it is to be written from here, or only read.
        """
        ...

    def public_faults(self) -> list[str]:
        """How strangers can get at what this store holds, as sentences; empty when they cannot (I8)."""
        ...


def random_name() -> str:
    """A fresh object name: 40 hex characters that say nothing."""
    return secrets.token_hex(NAME_BYTES)


def is_object_name(text: str) -> bool:
    """True for what `random_name` makes, and nothing else: no slash, dot, escape or newline (G6)."""
    return _NAME.fullmatch(text) is not None
