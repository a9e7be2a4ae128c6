"""What a download has done so far: numbers that workers raise and the display reads."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace


@dataclass
class FileCount:
    """One file under way.

    size, done: plaintext bytes; done counts only what is written. coming: bytes of parts that are being
    fetched. begun: whether anything of it came in this run.
    """

    path: str
    size: int
    done: int = 0
    coming: int = 0
    begun: bool = False


@dataclass(frozen=True)
class Reading:
    """The numbers at one moment.

    total, done: plaintext bytes of the chosen files. fetched: bytes that came over the network. again: of
    those, bytes that had to come twice. active: files of which something came. retrying: why something is
    retried now.
    """

    total: int
    done: int
    fetched: int
    again: int
    files: int
    files_done: int
    active: tuple[FileCount, ...]
    retrying: str

    @property
    def moved(self) -> int:
        """Bytes that are written or on their way, at most the total: what a bar shows."""
        return min(self.total, self.done + sum(count.coming for count in self.active))


@dataclass
class Meter:
    """Counts of one download. Thread-safe."""

    total: int
    files: int
    done: int = 0
    files_done: int = 0
    fetched: int = 0
    again: int = 0
    _active: dict[str, FileCount] = field(default_factory=dict)
    _retrying: str = ""
    _finished: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def received(self, file_id: str, count: int) -> None:
        """So many bytes of a file came over the network."""
        with self._lock:
            self.fetched += count
            self._active[file_id].coming += count
            self._active[file_id].begun = True

    def thrown_away(self, file_id: str, count: int, reason: str) -> None:
        """So many received bytes of a file must be fetched again, and why."""
        with self._lock:
            self.again += count
            self._active[file_id].coming -= count
            self._retrying = reason

    def retry(self, reason: str) -> None:
        """Something is tried again, and why."""
        with self._lock:
            self._retrying = reason

    def begin_file(self, file_id: str, path: str, size: int, done: int) -> None:
        """A file is under way. done: plaintext bytes in already, which the total counts from the start."""
        with self._lock:
            self._active[file_id] = FileCount(path, size, done)

    def part_in(self, file_id: str, *, plain_size: int, sealed_size: int) -> None:
        """A part was written. sealed_size: how many bytes of it came."""
        with self._lock:
            self.done += plain_size
            self._active[file_id].done += plain_size
            self._active[file_id].coming -= sealed_size
            self._retrying = ""

    def file_in(self, file_id: str) -> None:
        """A file stands under its final name."""
        with self._lock:
            count = self._active.pop(file_id)
            self.files_done += 1
            self._finished.append(count.path)

    def take_finished(self) -> list[str]:
        """Paths of the files finished since the last call."""
        with self._lock:
            finished, self._finished = self._finished, []
            return finished

    def read(self) -> Reading:
        """The numbers now."""
        with self._lock:
            return Reading(
                total=self.total,
                done=self.done,
                fetched=self.fetched,
                again=self.again,
                files=self.files,
                files_done=self.files_done,
                retrying=self._retrying,
                active=tuple(replace(count) for count in self._active.values() if count.begun),
            )
