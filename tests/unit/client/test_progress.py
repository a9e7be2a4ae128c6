from __future__ import annotations

import io

import pytest

from weights_vault.client.output import Output
from weights_vault.client.transfer.meter import Meter
from weights_vault.client.transfer.progress import (
    BarDisplay,
    LineDisplay,
    NoDisplay,
    Rate,
    left_text,
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


def meter() -> Meter:
    made = Meter(total=100 * MIB, files=2)
    made.begin_file("a", "a.safetensors", 60 * MIB, 0)
    made.begin_file("b", "b.safetensors", 40 * MIB, 0)
    return made


def take_part(counts: Meter, file_id: str, size: int) -> None:
    counts.received(file_id, size)
    counts.part_in(file_id, plain_size=size, sealed_size=size)


def test_bytes_on_their_way_count_until_they_are_written_or_thrown_away() -> None:
    counts = meter()
    counts.received("a", 5)
    assert [(count.path, count.coming) for count in counts.read().active] == [("a.safetensors", 5)]
    counts.thrown_away("a", 5, "damaged")
    reading = counts.read()
    assert (reading.active[0].coming, reading.again, reading.retrying) == (0, 5, "damaged")


def test_without_a_terminal_a_line_comes_every_ten_seconds_and_at_each_files_end() -> None:
    err, clock, counts = io.StringIO(), Clock(), meter()
    display = LineDisplay(Output(stderr=err), counts, clock)
    display.tick()
    assert err.getvalue() == ""
    take_part(counts, "a", 50 * MIB)
    clock.time += 10
    display.tick()
    assert err.getvalue() == "50 % · 50.0 MiB of 100.0 MiB · 0 of 2 files · 5.0 MiB/s · about 10 s left\n"
    counts.file_in("a")
    display.tick()
    assert err.getvalue().splitlines()[1:] == ["done: a.safetensors"]


def test_what_is_retried_and_why_is_in_the_line_until_it_is_over() -> None:
    err, clock, counts = io.StringIO(), Clock(), meter()
    display = LineDisplay(Output(stderr=err), counts, clock)
    counts.retry("the connection stalled")
    clock.time += 10
    display.tick()
    assert "retrying: the connection stalled" in err.getvalue()
    take_part(counts, "a", MIB)
    assert counts.read().retrying == ""


def test_a_narrow_terminal_gets_lines_which_do_not_break(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert isinstance(make_display(Output(stderr=Terminal()), meter()), LineDisplay)


def test_a_terminal_gets_bars_for_the_whole_and_for_files_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    terminal, counts = Terminal(), meter()
    display = make_display(Output(stderr=terminal), counts)
    assert isinstance(display, BarDisplay)
    take_part(counts, "a", 30 * MIB)
    display.tick()
    display.close()
    assert "total" in terminal.getvalue()
    assert "a.safetensors" in terminal.getvalue()
    assert "b.safetensors" not in terminal.getvalue()  # nothing of it came yet


def test_quiet_gets_nothing() -> None:
    err = io.StringIO()
    display = make_display(Output(stderr=err, quiet=True), meter())
    display.tick()
    display.close()
    assert isinstance(display, NoDisplay)
    assert err.getvalue() == ""


def test_the_rate_forgets_what_is_long_ago() -> None:
    clock = Clock()
    rate = Rate(clock)
    assert rate.add(0) == 0.0
    clock.time += 10
    assert rate.add(1000) == 100.0
    clock.time += 15
    rate.add(1000)
    clock.time += 15
    assert rate.add(1000) == 0.0


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0.0, ""),
        (10 * MIB, "about 10 s left"),
        (MIB / 10, "about 17 min left"),
        (MIB / 1000, "about 27.8 h left"),
    ],
)
def test_the_time_left_is_said_where_it_can_be_known(rate: float, text: str) -> None:
    assert left_text(meter().read(), rate) == text
