"""Hashes files that consist of parts, two threads at a time, as fast as the disk reads.

Memory: one buffer of a part (16 MiB) for each thread, whatever the size of the files. The calling thread
shows progress and takes Ctrl-C.
"""

from __future__ import annotations

import errno
import os
import queue
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from weights_vault.client.parts import Target, is_good

CHECK_THREADS = 2
# No such file, a link, a socket: no plain file stands there.
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENODEV})
TICK_S = 0.2


@dataclass(frozen=True)
class Check:
    """Parts of one file to be hashed.

    name: what the caller knows it by. shown: what people know it by. path: where it stands now.
    """

    name: str
    shown: str
    target: Target
    path: Path
    indices: frozenset[int]


@dataclass(frozen=True)
class Checked:
    """What came of it. status: None where there is no plain file. good: parts with the signed digest."""

    check: Check
    status: os.stat_result | None
    good: frozenset[int]


@dataclass
class _Open:
    """A file that is being hashed. left: parts that no thread has finished yet."""

    check: Check
    descriptor: int
    status: os.stat_result
    left: int
    good: set[int] = field(default_factory=set)


def check_all(
    checks: Iterable[Check],
    *,
    on_part: Callable[[str, int], None] = lambda name, size: None,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Checked]:
    """Yield what came of each check, as soon as it is known; the order is that of their ends.

    on_part: told of each hashed part's name and size, from the threads. tick: called every TICK_S.
    Raises: OSError: the disk cannot be read.
    """
    work = _Work(checks, on_part)
    threads = [
        threading.Thread(target=work.run, name="weights-check", daemon=True) for _ in range(CHECK_THREADS)
    ]
    for thread in threads:
        thread.start()
    try:
        while (done := work.next(tick)) is not None:
            yield done
    finally:
        work.stop()
        for thread in threads:
            thread.join()


class _Work:
    """What the threads share: files are opened one after the other, parts are given out in their order."""

    def __init__(self, checks: Iterable[Check], on_part: Callable[[str, int], None]) -> None:
        self._checks = iter(checks)
        self._on_part = on_part
        self._lock = threading.Lock()
        self._parts: Iterator[tuple[_Open, int]] = iter(())
        self._ended: queue.SimpleQueue[Checked | BaseException | None] = queue.SimpleQueue()
        self._running = CHECK_THREADS
        self._stopped = False

    def run(self) -> None:
        """Hash parts until there are none; every error goes to the caller."""
        try:
            while (taken := self._take()) is not None:
                self._hash(*taken)
        except BaseException as error:
            self._ended.put(error)
        finally:
            self._ended.put(None)

    def next(self, tick: Callable[[], None]) -> Checked | None:
        """The next result, None when all are given."""
        while self._running:
            try:
                found = self._ended.get(timeout=TICK_S)
            except queue.Empty:
                tick()
                continue
            tick()
            if isinstance(found, BaseException):
                raise found
            if found is not None:
                return found
            self._running -= 1
        return None

    def stop(self) -> None:
        """Give out no more parts, and close what no thread reads any more."""
        with self._lock:
            self._stopped = True

    def _take(self) -> tuple[_Open, int] | None:
        with self._lock:
            while not self._stopped:
                if (part := next(self._parts, None)) is not None:
                    return part
                check = next(self._checks, None)
                if check is None:
                    break
                self._parts = self._begin(check)
            return None

    def _begin(self, check: Check) -> Iterator[tuple[_Open, int]]:
        opened = _opened(check)
        if opened is None or not opened.left:
            status = opened.status if opened else None
            if opened:
                os.close(opened.descriptor)
            self._ended.put(Checked(check, status, frozenset()))
            return iter(())
        return ((opened, index) for index in sorted(check.indices))

    def _hash(self, opened: _Open, index: int) -> None:
        good = False
        try:
            good = is_good(opened.descriptor, opened.check.target, index)
        finally:
            self._end_part(opened, index, good)

    def _end_part(self, opened: _Open, index: int, good: bool) -> None:
        start, end = opened.check.target.spans[index]
        self._on_part(opened.check.name, end - start)
        with self._lock:
            opened.left -= 1
            opened.good |= {index} if good else set()
            last = not opened.left
        if last:
            os.close(opened.descriptor)
            self._ended.put(Checked(opened.check, opened.status, frozenset(opened.good)))


def _opened(check: Check) -> _Open | None:
    """The file, open for reading; None where there is none, where it is no plain one, or begins otherwise.

    Raises: OSError: it cannot be read.
    """
    try:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(check.path, flags)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise  # it is there and cannot be read: that is not the same as missing
    status = os.fstat(descriptor)
    prefix = check.target.prefix
    if not stat.S_ISREG(status.st_mode) or os.pread(descriptor, len(prefix), 0) != prefix:
        os.close(descriptor)
        return None
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    return _Open(check, descriptor, status, len(check.indices))
