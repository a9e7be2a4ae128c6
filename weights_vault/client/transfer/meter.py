"""What a download, a check or a copy has done so far: numbers that workers raise and the display reads."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
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
class Retry:
    """Something that is tried again. reason: `the store answered 503`. wait_s: 0 for at once."""

    reason: str
    wait_s: float = 0.0


@dataclass(frozen=True)
class Reading:
    """The numbers at one moment.

    total, done: plaintext bytes of the chosen files. fetched: bytes that came over the network. again: of
    those, bytes that had to come twice. active: files of which something came. retrying: why something is
    retried now, "" where nothing is. retry_in_s: seconds until then.
    """

    total: int
    done: int
    fetched: int
    again: int
    files: int
    files_done: int
    active: tuple[FileCount, ...]
    retrying: str = ""
    retry_in_s: float = 0.0

    @property
    def moved(self) -> int:
        """Bytes that are written or on their way, at most the total: what a bar shows."""
        return min(self.total, self.done + sum(count.coming for count in self.active))


@dataclass(frozen=True)
class _Trouble:
    """Why one worker is not fetching. kept: shown until its part is in, not only until bytes come again."""

    reason: str
    until: float
    kept: bool


@dataclass
class Meter:
    """Counts of one download. Thread-safe: troubles are kept for each worker's thread.

    again_by: bytes that came twice, by reason. retries: how often something was tried again, by reason.
    waited_s: seconds in which at least one worker was told to wait.
    """

    total: int
    files: int
    done: int = 0
    files_done: int = 0
    fetched: int = 0
    again: int = 0
    again_by: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)
    waited_s: float = 0.0
    monotonic: Callable[[], float] = time.monotonic
    _active: dict[str, FileCount] = field(default_factory=dict)
    _troubles: dict[int, _Trouble] = field(default_factory=dict)
    _waiting_until: float = 0.0
    _finished: list[str] = field(default_factory=list)
    _notices: list[Retry] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def received(self, file_id: str, count: int) -> None:
        """So many bytes of a file came over the network."""
        with self._lock:
            self.fetched += count
            self._active[file_id].coming += count
            self._active[file_id].begun = True
            trouble = self._troubles.get(threading.get_ident())
            if trouble is not None and not trouble.kept:
                del self._troubles[threading.get_ident()]

    def thrown_away(self, file_id: str, count: int, reason: str) -> None:
        """So many received bytes of a file must be fetched again, and why."""
        with self._lock:
            self._active[file_id].coming -= count
            self._count_again(count, reason)
            self._troubles[threading.get_ident()] = _Trouble(reason, self.monotonic(), kept=True)
            self._notices.append(Retry(reason))

    def retry(self, reason: str, wait_s: float = 0.0) -> None:
        """Something is tried again after so many seconds, and why."""
        with self._lock:
            now = self.monotonic()
            until = now + wait_s
            # Several workers wait at once for the same store: that is one wait for the person.
            self.waited_s += max(0.0, until - max(now, self._waiting_until))
            self._waiting_until = max(self._waiting_until, until)
            self.retries[reason] += 1
            self._troubles[threading.get_ident()] = _Trouble(reason, until, kept=False)
            self._notices.append(Retry(reason, wait_s))

    def damaged_here(self, count: int) -> None:
        """So many bytes were in, are damaged on this disk, and must come again."""
        with self._lock:
            self._count_again(count, "damaged on this disk")

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
            self._active[file_id].begun = True
            self._troubles.pop(threading.get_ident(), None)

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

    def take_retries(self) -> list[Retry]:
        """What was tried again since the last call."""
        with self._lock:
            notices, self._notices = self._notices, []
            return notices

    def read(self) -> Reading:
        """The numbers now."""
        with self._lock:
            trouble = max(self._troubles.values(), key=lambda each: each.until, default=None)
            return Reading(
                total=self.total,
                done=self.done,
                fetched=self.fetched,
                again=self.again,
                files=self.files,
                files_done=self.files_done,
                retrying=trouble.reason if trouble else "",
                retry_in_s=max(0.0, trouble.until - self.monotonic()) if trouble else 0.0,
                active=tuple(replace(count) for count in self._active.values() if count.begun),
            )

    def _count_again(self, count: int, reason: str) -> None:
        if count:
            self.again += count
            self.again_by[reason] += count
