"""Writes the parts of one file where they belong, and gives it its final name when all are in."""

from __future__ import annotations

import errno
import os
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from weights_vault.client.parts import Target
from weights_vault.client.transfer.folder import DownloadFolder, sync_folder
from weights_vault.client.transfer.headers import OpenedHeader
from weights_vault.client.transfer.journal import Journal
from weights_vault.sealed.body import BodyOpener
from weights_vault.sealed.manifest import ManifestFile

# What one pwritev takes at least on the systems we know (IOV_MAX); a part has 256 pieces.
_MOST_PIECES = 1024


class TargetWriter:
    """One growing file on disk. Opened at the first part; parts may be written from any thread."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._descriptor: int | None = None
        self._lock = threading.Lock()

    def write(self, index: int, pieces: Sequence[memoryview]) -> None:
        """Write one part at its place. pieces: its bytes in order. Raises: OSError."""
        descriptor = self._opened()
        offset, waiting = self._target.spans[index][0], deque(pieces)
        while waiting:
            count = os.pwritev(descriptor, tuple(islice(waiting, _MOST_PIECES)), offset)
            offset += count
            _drop_written(waiting, count)

    def finish(self, folder: DownloadFolder) -> os.stat_result:
        """Sync, rename to the final name, sync the folder. Returns: the final file's status."""
        descriptor = self._opened()
        os.ftruncate(descriptor, self._target.size)
        os.fsync(descriptor)
        folder.make_parents(self._target.final)
        self._target.partial.replace(self._target.final)
        sync_folder(self._target.final.parent)
        status = os.fstat(descriptor)
        self.close()
        return status

    def close(self) -> None:
        """Close without finishing; what is written stays for the next run."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _opened(self) -> int:
        with self._lock:
            if self._descriptor is None:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
                self._descriptor = os.open(self._target.partial, flags, 0o600)
                os.fchmod(self._descriptor, 0o600)
                os.pwrite(self._descriptor, self._target.prefix, 0)
            return self._descriptor


@dataclass
class FileJob:
    """One file under way: what opens it, what is still missing, and where it is written.

    missing: part numbers not yet written; the worker that writes the last one finishes the file.
    """

    file: ManifestFile
    opened: OpenedHeader
    missing: set[int]
    plain: TargetWriter
    sealed: TargetWriter | None
    opener: BodyOpener = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, index: int, buffer: memoryview) -> None:
        """Open one part in its buffer and write it, its sealed bytes before that where they are kept.

        buffer: the part as received, its digest checked. Nothing that is written counts before the journal
        has the part: a part that does not open, or a kill in between, leaves bytes that are written over.
        Raises: PartTampered: the buffer is then zeros; OSError.
        """
        if self.sealed is not None:
            self.sealed.write(index, [buffer])
        self.plain.write(index, self.opener.open_part_in_place(index, buffer))

    def is_last(self, index: int) -> bool:
        """Strike a written part off; True for the one after which nothing is missing."""
        with self._lock:
            self.missing.discard(index)
            return not self.missing

    def finish(self, folder: DownloadFolder, journal: Journal) -> None:
        """Give the file its final name and note it. Raises: OSError."""
        if self.sealed is not None:
            self.sealed.finish(folder)
            folder.write_header(self.file, self.opened.header)
        status = self.plain.finish(folder)
        journal.file(self.file.id, status.st_size, status.st_mtime_ns)

    def close(self) -> None:
        """Close what is open, unfinished."""
        for writer in (self.plain, self.sealed):
            if writer is not None:
                writer.close()


def _drop_written(waiting: deque[memoryview], count: int) -> None:
    """Take what a write has written off the front; it may have ended within a piece."""
    if not count and any(waiting):
        raise OSError(errno.EIO, "the system wrote nothing and gave no reason")
    while waiting and count >= len(waiting[0]):
        count -= len(waiting.popleft())
    if count:
        waiting[0] = waiting[0][count:]


def make_job(
    folder: DownloadFolder,
    file: ManifestFile,
    missing: Iterable[int],
    opened: OpenedHeader,
    *,
    keep_sealed: bool,
) -> FileJob:
    """A job for a file of which these parts are missing."""
    return FileJob(
        file=file,
        opened=opened,
        missing=set(missing),
        plain=TargetWriter(folder.plain(file)),
        sealed=TargetWriter(folder.sealed(file)) if keep_sealed else None,
        opener=BodyOpener(opened.file_key, bytes.fromhex(file.nonce), file.size),
    )
