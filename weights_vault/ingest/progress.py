"""What the person at the terminal sees while a folder is sealed."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

PLAIN_INTERVAL_S = 10.0
MIB, GIB = 1 << 20, 1 << 30


class SealingProgress(Protocol):
    """Told by the sealing what it does; sizes are plaintext bytes."""

    def start(self, files: int, size: int) -> None: ...

    def begin(self, path: str, size: int, verb: str) -> None:
        """verb: "sealing" or "checking"."""
        ...

    def go_on(self, path: str, done: int, size: int) -> None:
        """An earlier run left `done` of `size` bytes in the store; they are only compared."""
        ...

    def advance(self, size: int) -> None: ...

    def end(self, path: str, outcome: str) -> None:
        """outcome: "sealed", "kept" (from an earlier attempt) or "unchanged" (since the revision before)."""
        ...

    def note(self, text: str) -> None:
        """A step other than sealing."""
        ...


class SilentProgress:
    """Shows nothing."""

    def start(self, files: int, size: int) -> None:
        return None

    def begin(self, path: str, size: int, verb: str) -> None:
        return None

    def go_on(self, path: str, done: int, size: int) -> None:
        return None

    def advance(self, size: int) -> None:
        return None

    def end(self, path: str, outcome: str) -> None:
        return None

    def note(self, text: str) -> None:
        return None


class LineProgress(SilentProgress):
    """Plain lines, for logs: one or two a file, and one every 10 s of a long one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._path, self._size, self._done = "", 0, 0
        self._total, self._finished = 0, 0
        self._moved, self._since = 0, time.monotonic()
        self._spoken = self._since

    def start(self, files: int, size: int) -> None:
        self._total, self._finished = size, 0

    def begin(self, path: str, size: int, verb: str) -> None:
        self._path, self._size, self._done = path, size, 0
        self._say(f"{verb} {path} ({size:,} bytes)")

    def go_on(self, path: str, done: int, size: int) -> None:
        self._say(f"  {_going_on(done, size)}")

    def advance(self, size: int) -> None:
        self._done += size
        self._moved += size
        now = time.monotonic()
        if now - self._spoken >= PLAIN_INTERVAL_S:
            self._say(f"  {self._path}: {gib(self._done)} of {gib(self._size)}{self._outlook(now)}")

    def end(self, path: str, outcome: str) -> None:
        self._finished += self._size
        self._done = 0
        self._say(f"{outcome} {path}")

    def note(self, text: str) -> None:
        self._say(text)

    def _outlook(self, now: float) -> str:
        """Rate since the last line, and how long the rest takes at it."""
        elapsed_s = now - self._since
        rate = self._moved / elapsed_s if elapsed_s else 0.0
        self._moved, self._since = 0, now
        left = max(self._total - self._finished - self._done, 0)
        if not rate or not self._total:
            return ""
        done = self._finished + self._done
        return (
            f"; {gib(done)} of {gib(self._total)} in all, {rate / MIB:.0f} MiB/s, "
            f"about {duration(left / rate)} left"
        )

    def _say(self, text: str) -> None:
        self._spoken = time.monotonic()
        print(text, file=self._stream, flush=True)


class BarProgress(SilentProgress):
    """One bar over all bytes, with the file at hand beside it."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task = bars.add_task("sealing", total=None, path="")
        self._finished, self._size = 0, 0

    def start(self, files: int, size: int) -> None:
        self._bars.update(self._task, total=size)

    def begin(self, path: str, size: int, verb: str) -> None:
        # A file that is checked and then sealed after all goes by twice, and counts once.
        self._size = size
        self._bars.update(self._task, description=verb, path=path, completed=self._finished)

    def go_on(self, path: str, done: int, size: int) -> None:
        self._bars.console.print(f"{path}: {_going_on(done, size)}", markup=False, highlight=False)

    def advance(self, size: int) -> None:
        self._bars.advance(self._task, size)

    def end(self, path: str, outcome: str) -> None:
        self._finished += self._size
        self._bars.update(self._task, completed=self._finished)
        self._bars.console.print(f"{outcome} {path}", markup=False, highlight=False)

    def note(self, text: str) -> None:
        self._bars.update(self._task, description=text, path="")
        self._bars.console.print(text, markup=False, highlight=False)


def gib(size: int) -> str:
    """A size for people: GiB, or MiB below one of them."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / MIB:.1f} MiB"


def duration(seconds: float) -> str:
    """How long something takes, for people: no finer than it can be known."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _going_on(done: int, size: int) -> str:
    return f"going on at {gib(done)} of {gib(size)}"


@contextmanager
def on_terminal(stream: TextIO | None = None) -> Iterator[SealingProgress]:
    """A bar on a terminal, plain lines elsewhere; on standard error."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield LineProgress(stream)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[path]}", markup=False),
    )
    with Progress(*columns, console=Console(file=stream)) as bars:
        yield BarProgress(bars)
