from __future__ import annotations

import io
import json

import pytest

from weights_vault.client.output import Output
from weights_vault.client.transfer.events import EventDisplay
from weights_vault.client.transfer.meter import Meter
from weights_vault.client.transfer.progress import (
    BarDisplay,
    LineDisplay,
    NoDisplay,
    Phase,
    make_display,
)

MIB = 1 << 20


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def meter(clock: Clock | None = None) -> Meter:
    made = Meter(total=100 * MIB, files=2, monotonic=clock or Clock())
    made.begin_file("a", "a.safetensors", 60 * MIB, 0)
    made.begin_file("b", "b.safetensors", 40 * MIB, 0)
    return made


def take_part(counts: Meter, file_id: str, size: int) -> None:
    counts.received(file_id, size)
    counts.part_in(file_id, plain_size=size, sealed_size=size)


def test_without_a_terminal_a_line_comes_every_ten_seconds_and_at_each_files_end() -> None:
    err, clock, counts = io.StringIO(), Clock(), meter()
    display = LineDisplay(Output(stderr=err), counts, monotonic=clock)
    display.tick()
    assert err.getvalue() == ""
    take_part(counts, "a", 50 * MIB)
    clock.time += 10
    display.tick()
    assert err.getvalue() == "50 % · 50.0 MiB of 100.0 MiB · 0 of 2 files · 5.0 MiB/s · about 10 s left\n"
    counts.file_in("a")
    display.tick()
    assert err.getvalue().splitlines()[1:] == ["done: a.safetensors"]


def test_what_is_waited_for_is_in_the_line_with_the_seconds_until_the_next_try() -> None:
    err, clock = io.StringIO(), Clock()
    counts = meter(clock)
    display = LineDisplay(Output(stderr=err), counts, monotonic=clock)
    counts.retry("the store answered 503", 22.0)
    clock.time += 10
    display.tick()
    assert "waiting: the store answered 503, trying again in 12 s" in err.getvalue()
    clock.time += 12
    display.tick()
    assert "retrying: the store answered 503" in err.getvalue()


def test_after_a_pause_of_the_whole_machine_lines_do_not_come_in_a_burst() -> None:
    err, clock, counts = io.StringIO(), Clock(), meter()
    display = LineDisplay(Output(stderr=err), counts, monotonic=clock)
    clock.time += 3600
    display.tick()
    display.tick()
    assert len(err.getvalue().splitlines()) == 1


def test_a_narrow_terminal_gets_lines_which_do_not_break(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert isinstance(make_display(Output(stderr=Terminal()), meter()), LineDisplay)


def test_a_terminal_gets_bars_for_the_whole_and_for_files_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    terminal, counts = Terminal(), meter()
    output = Output(stderr=terminal)
    display = make_display(output, counts)
    assert isinstance(display, BarDisplay)
    take_part(counts, "a", 30 * MIB)
    display.tick()
    shown = terminal.getvalue()
    output.message("the portal answered 503")
    display.close()
    assert "total" in terminal.getvalue()
    assert "a.safetensors" in terminal.getvalue()
    assert "b.safetensors" not in terminal.getvalue()  # nothing of it came yet
    assert "the portal answered 503" in terminal.getvalue().removeprefix(shown)
    assert output.above is None


def test_a_check_that_is_over_at_once_shows_no_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    terminal, clock = Terminal(), Clock()
    display = BarDisplay(Output(stderr=terminal), meter(), Phase.check, clock)
    display.tick()
    display.close()
    assert terminal.getvalue() == ""


def test_a_long_check_shows_bars_and_leaves_no_half_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    terminal, clock = Terminal(), Clock()
    display = BarDisplay(Output(stderr=terminal), meter(), Phase.check, clock)
    clock.time += 2
    display.tick()
    display.close()
    assert "checking" in terminal.getvalue()


def test_a_check_is_named_in_its_lines_and_files_are_not_called_done() -> None:
    err, clock, counts = io.StringIO(), Clock(), meter()
    display = LineDisplay(Output(stderr=err), counts, Phase.check, clock)
    counts.part_in("a", plain_size=50 * MIB, sealed_size=0)
    counts.file_in("a")
    clock.time += 10
    display.tick()
    assert err.getvalue().startswith("checking: 50 %")
    assert "done:" not in err.getvalue()


def test_quiet_gets_nothing() -> None:
    err = io.StringIO()
    display = make_display(Output(stderr=err, quiet=True, as_json=True), meter())
    display.tick()
    display.close()
    assert isinstance(display, NoDisplay)
    assert err.getvalue() == ""


def test_with_json_events_come_as_lines_on_stderr() -> None:
    err, clock = io.StringIO(), Clock()
    counts = meter(clock)
    display = EventDisplay(Output(stderr=err, as_json=True), counts, monotonic=clock)
    counts.retry("the store answered 503", 12.0)
    take_part(counts, "a", 60 * MIB)
    counts.file_in("a")
    clock.time += 10
    display.tick()
    display.close()
    events = [json.loads(line) for line in err.getvalue().splitlines()]
    assert [event["event"] for event in events] == [
        "started", "retrying", "file_done", "progress", "finished",
    ]  # fmt: skip
    started, retrying, done, progress, finished = events
    assert (started["phase"], started["total_bytes"], started["files"]) == ("download", 100 * MIB, 2)
    assert (retrying["reason"], retrying["wait_seconds"]) == ("the store answered 503", 12.0)
    assert done["path"] == "a.safetensors"
    assert (progress["done_bytes"], progress["bytes_per_second"]) == (60 * MIB, 6 * MIB)
    assert progress["seconds_left"] == pytest.approx(7, abs=1)
    assert (finished["files_done"], finished["waited_seconds"]) == (1, 12.0)


def test_make_display_gives_events_with_json_on_a_terminal_too() -> None:
    assert isinstance(make_display(Output(stderr=Terminal(), as_json=True), meter()), EventDisplay)


@pytest.mark.parametrize(("term", "display"), [("dumb", LineDisplay), ("xterm", BarDisplay)])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(
    monkeypatch: pytest.MonkeyPatch, term: str, display: type
) -> None:
    """As Emacs' shell: bars would show nothing for hours, and all at the end."""
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLUMNS", "100")
    assert isinstance(make_display(Output(stderr=Terminal()), meter()), display)
