"""Shows how a download goes: bars on a terminal, lines elsewhere. Runs in the main thread."""

from __future__ import annotations

import shutil
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from weights_vault.client.output import Output, plain, size_text
from weights_vault.client.transfer.meter import Meter, Reading

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_EVERY_S = 10.0
# In less room a bar breaks into several lines; there plain ones read better.
BAR_COLUMNS = 72
RATE_WINDOW_S = 20.0


class Display(Protocol):
    """What the engine's tick calls."""

    def tick(self) -> None:
        """Show the meter's numbers."""

    def close(self) -> None:
        """Leave the terminal as it was."""


def make_display(output: Output, meter: Meter) -> Display:
    """The display that suits where stderr goes."""
    if output.quiet:
        return NoDisplay()
    if output.stderr.isatty() and shutil.get_terminal_size().columns >= BAR_COLUMNS:
        return BarDisplay(output, meter)
    return LineDisplay(output, meter)


class NoDisplay:
    """Shows nothing."""

    def tick(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Rate:
    """Bytes a second over the last RATE_WINDOW_S, and what is left at that rate."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, fetched: int) -> float:
        """Note how many bytes came so far. Returns: bytes a second, 0 before there is a second sample."""
        now = self._monotonic()
        self._samples.append((now, fetched))
        while now - self._samples[0][0] > RATE_WINDOW_S:
            self._samples.popleft()
        first_at, first = self._samples[0]
        return (fetched - first) / (now - first_at) if now > first_at else 0.0


class LineDisplay:
    """One line every LINE_EVERY_S and one for each finished file, for logs."""

    def __init__(self, output: Output, meter: Meter, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._meter = meter
        self._monotonic = monotonic
        self._rate = Rate(monotonic)
        self._next = monotonic() + LINE_EVERY_S

    def tick(self) -> None:
        """A line for each file that ended, and one for the whole where it is time."""
        for path in self._meter.take_finished():
            self._output.message(f"done: {path}")
        reading = self._meter.read()
        rate = self._rate.add(reading.fetched)
        if self._monotonic() >= self._next:
            self._next += LINE_EVERY_S
            self._output.message(line_text(reading, rate))

    def close(self) -> None:
        """The files that ended since the last tick."""
        for path in self._meter.take_finished():
            self._output.message(f"done: {path}")


class BarDisplay:
    """A bar for the whole and one for each file under way."""

    def __init__(self, output: Output, meter: Meter) -> None:
        self._meter = meter
        self._rate = Rate()
        self._bars, self._total = _bars(output, meter)
        self._files: dict[str, TaskID] = {}
        self._bars.start()

    def tick(self) -> None:
        """Move the bars."""
        reading = self._meter.read()
        self._bars.update(self._total, completed=reading.moved, note=self._note(reading))
        active = {count.path: count for count in reading.active}
        for path in [path for path in self._files if path not in active]:
            self._bars.remove_task(self._files.pop(path))
        for path, count in active.items():
            if path not in self._files:
                self._files[path] = self._bars.add_task(plain(path), total=count.size, note="")
            self._bars.update(self._files[path], completed=min(count.size, count.done + count.coming))

    def _note(self, reading: Reading) -> str:
        rate = self._rate.add(reading.fetched)
        words = [f"{size_text(rate)}/s", left_text(reading, rate)]
        return plain(" · ".join(filter(None, [*words, _retrying(reading)])))

    def close(self) -> None:
        """Leave the last state on the screen."""
        self.tick()
        self._bars.stop()


def _bars(output: Output, meter: Meter) -> tuple[Progress, TaskID]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TextColumn("{task.fields[note]}", markup=False),
        console=Console(file=output.stderr),
    )
    return bars, bars.add_task(escape("total"), total=meter.total, completed=meter.done, note="")


def line_text(reading: Reading, rate: float) -> str:
    """`42 % · 1.2 GiB of 3.0 GiB · 2 of 7 files · 35.0 MiB/s · about 52 s left`."""
    share = 100 * reading.moved // reading.total if reading.total else 100
    words = [
        f"{share} %",
        f"{size_text(reading.moved)} of {size_text(reading.total)}",
        f"{reading.files_done} of {reading.files} files",
        f"{size_text(rate)}/s",
        left_text(reading, rate),
        _retrying(reading),
    ]
    return " · ".join(word for word in words if word)


def _retrying(reading: Reading) -> str:
    return f"retrying: {reading.retrying}" if reading.retrying else ""


def left_text(reading: Reading, rate: float) -> str:
    """How long it will take at this rate; empty where nobody can know."""
    if rate < 1 or reading.moved >= reading.total:
        return ""
    seconds = (reading.total - reading.moved) / rate
    if seconds < 120:
        return f"about {seconds:.0f} s left"
    return f"about {seconds / 60:.0f} min left" if seconds < 7200 else f"about {seconds / 3600:.1f} h left"
