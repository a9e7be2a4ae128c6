"""Shows how a download or a check goes: bars on a terminal, lines elsewhere, events for scripts.

Runs in the main thread; workers only raise the meter's numbers.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from weights_vault.client.output import Output, plain, size_text
from weights_vault.client.transfer.meter import Meter, Reading
from weights_vault.client.transfer.pulse import Rate, TimeLeft, left_text

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_EVERY_S = 10.0
# In less room a bar breaks into several lines; there plain ones read better.
BAR_COLUMNS = 72
# Work that ends sooner gets no bars: they would only flash.
BARS_AFTER_S = 1.0
LONGEST_NAME = 40


class Phase(StrEnum):
    """What is going on."""

    download = "download"
    check = "check"
    copy = "copy"


_BEGINS = {Phase.download: "", Phase.check: "checking: ", Phase.copy: "taking over: "}
_TOTAL = {Phase.download: "total", Phase.check: "checking", Phase.copy: "taking over"}


class Display(Protocol):
    """What the engine's tick calls."""

    def tick(self) -> None:
        """Show the meter's numbers."""

    def close(self) -> None:
        """Leave the terminal as it was."""


def make_display(output: Output, meter: Meter, phase: Phase = Phase.download) -> Display:
    """The display that suits where stderr goes, and --json and --quiet."""
    from weights_vault.client.transfer.events import EventDisplay

    if output.quiet:
        return NoDisplay()
    if output.as_json:
        return EventDisplay(output, meter, phase)
    if _takes_bars(output):
        return BarDisplay(output, meter, phase)
    return LineDisplay(output, meter, phase)


def _takes_bars(output: Output) -> bool:
    """Whether stderr is a terminal with room, whose cursor moves; on others bars show at the end alone."""
    moves = os.environ.get("TERM", "").lower() not in ("dumb", "unknown")
    return output.stderr.isatty() and moves and shutil.get_terminal_size().columns >= BAR_COLUMNS


class NoDisplay:
    """Shows nothing."""

    def tick(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class LineDisplay:
    """One line every LINE_EVERY_S, and one for each downloaded file, for logs."""

    def __init__(
        self,
        output: Output,
        meter: Meter,
        phase: Phase = Phase.download,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._output = output
        self._meter = meter
        self._phase = phase
        self._monotonic = monotonic
        self._rate = Rate(monotonic)
        self._left = TimeLeft(monotonic)
        self._next = monotonic() + LINE_EVERY_S

    def tick(self) -> None:
        """A line for each file that ended, and one for the whole where it is time."""
        self._files()
        reading = self._meter.read()
        rate, left = self._rate.add(_flow(reading, self._phase)), self._left.add(reading)
        if self._monotonic() >= self._next:
            self._next = self._monotonic() + LINE_EVERY_S
            self._output.message(_BEGINS[self._phase] + line_text(reading, rate, left))

    def close(self) -> None:
        """The files that ended since the last tick."""
        self._files()

    def _files(self) -> None:
        for path in self._meter.take_finished():
            if self._phase is Phase.download:
                self._output.message(f"done: {path}")


class BarDisplay:
    """A bar for the whole and one for each file under way."""

    def __init__(
        self,
        output: Output,
        meter: Meter,
        phase: Phase = Phase.download,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._output = output
        self._meter = meter
        self._phase = phase
        self._monotonic = monotonic
        self._rate = Rate(monotonic)
        self._left = TimeLeft(monotonic)
        self._bars, self._total = _bars(output, meter, _TOTAL[phase])
        self._files: dict[str, TaskID] = {}
        self._begins = monotonic() + (0.0 if phase is Phase.download else BARS_AFTER_S)
        self._shown = False

    def tick(self) -> None:
        """Move the bars."""
        reading = self._meter.read()
        note = self._note(reading)
        if not self._shown and self._monotonic() >= self._begins:
            self._shown = True
            self._bars.start()
            # What others say meanwhile goes above the bars, not through them.
            self._output.above = lambda text: self._bars.console.print(
                text, markup=False, highlight=False, soft_wrap=True
            )
        self._bars.update(self._total, completed=reading.moved, note=note)
        active = {count.path: count for count in reading.active}
        for path in [path for path in self._files if path not in active]:
            self._bars.remove_task(self._files.pop(path))
        for path, count in active.items():
            if path not in self._files:
                self._files[path] = self._bars.add_task(_shortened(path), total=count.size, note="")
            self._bars.update(self._files[path], completed=min(count.size, count.done + count.coming))

    def _note(self, reading: Reading) -> str:
        rate, left = self._rate.add(_flow(reading, self._phase)), self._left.add(reading)
        words = [f"{size_text(rate)}/s", left_text(left), trouble_text(reading)]
        return plain(" · ".join(filter(None, words)))

    def close(self) -> None:
        """Leave the last state of a download on the screen; a check leaves only its words."""
        self.tick()
        self._output.above = None
        if self._shown:
            if self._phase is not Phase.download:
                self._bars.update(self._total, visible=False)
            for task in self._files.values():
                self._bars.remove_task(task)
            self._bars.stop()


def _bars(output: Output, meter: Meter, name: str) -> tuple[Progress, TaskID]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        DownloadColumn(binary_units=True),
        TextColumn("{task.fields[note]}", markup=False),
        console=Console(file=output.stderr),
        expand=True,
    )
    return bars, bars.add_task(name, total=meter.total, completed=meter.done, note="")


def _shortened(path: str) -> str:
    """A path for the front of a bar: its end tells shards apart, its beginning does not."""
    name = plain(path)
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"


def _flow(reading: Reading, phase: Phase) -> int:
    return reading.fetched if phase is Phase.download else reading.moved


def line_text(reading: Reading, rate: float, left_s: float | None) -> str:
    """`42 % · 1.2 GiB of 3.0 GiB · 2 of 7 files · 35.0 MiB/s · about 50 s left`."""
    share = 100 * reading.moved // reading.total if reading.total else 100
    words = [
        f"{share} %",
        f"{size_text(reading.moved)} of {size_text(reading.total)}",
        f"{reading.files_done} of {reading.files} files",
        f"{size_text(rate)}/s",
        left_text(left_s),
        trouble_text(reading),
    ]
    return " · ".join(word for word in words if word)


def trouble_text(reading: Reading) -> str:
    """`waiting: the store answered 503, trying again in 12 s`, or `retrying: …`; empty where all is well."""
    if not reading.retrying:
        return ""
    if reading.retry_in_s >= 1:
        return f"waiting: {reading.retrying}, trying again in {reading.retry_in_s:.0f} s"
    return f"retrying: {reading.retrying}"
