"""A publisher's file: opened without following links, and recognized when it is looked at again."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.core.problems import Conflict

# O_NONBLOCK: opening a FIFO for reading would wait for a writer forever.
_OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class SourceChanged(Conflict):
    """A file of the folder changed after it was looked at; nothing of it is published."""

    code = "source_changed"
    title = "The folder changed while it was being sealed"

    def __init__(self, path: str) -> None:
        super().__init__(
            detail=f"{path} changed while it was being sealed.",
            next_step="Wait until nothing writes to the folder, and run the same command again.",
            extra={"path": path},
        )


@dataclass(frozen=True)
class Fingerprint:
    """What stays the same as long as nobody writes to a file. ctime cannot be set back by its owner."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Fingerprint":
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass(frozen=True)
class SourceFile:
    """One accepted file. path: relative, POSIX; place: where it lies; kind: a word of FILE_KINDS."""

    path: str
    place: Path
    kind: str
    fingerprint: Fingerprint

    @property
    def size(self) -> int:
        return self.fingerprint.size

    @property
    def is_safetensors(self) -> bool:
        return self.path.endswith(".safetensors")


@contextmanager
def opened(source: SourceFile) -> Iterator["OpenSource"]:
    """Open the file that was scanned. Raises: SourceChanged: another one stands there now."""
    try:
        descriptor = os.open(source.place, _OPEN_FLAGS)
    except OSError as error:
        raise SourceChanged(source.path) from error
    try:
        opened_source = OpenSource(source, descriptor)
        opened_source.check_unchanged()
        yield opened_source
    finally:
        os.close(descriptor)


class OpenSource:
    """A scanned file, open."""

    def __init__(self, source: SourceFile, descriptor: int) -> None:
        self.source = source
        self._descriptor = descriptor

    def read_into(self, buffer: memoryview, offset: int) -> None:
        """Fill `buffer` with the bytes from `offset`. Raises: SourceChanged: the file ends before that."""
        filled = 0
        while filled < buffer.nbytes:
            count = os.preadv(self._descriptor, [buffer[filled:]], offset + filled)
            if count == 0:
                raise SourceChanged(self.source.path)
            filled += count

    def check_unchanged(self) -> None:
        """Raises: SourceChanged: it was written to, replaced, or is no longer a plain file."""
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode) or Fingerprint.of(status) != self.source.fingerprint:
            raise SourceChanged(self.source.path)
        check_unchanged(self.source)


def check_unchanged(source: SourceFile) -> None:
    """Look at the place again. Raises: SourceChanged."""
    try:
        status = os.lstat(source.place)
    except OSError as error:
        raise SourceChanged(source.path) from error
    if Fingerprint.of(status) != source.fingerprint:
        raise SourceChanged(source.path)
