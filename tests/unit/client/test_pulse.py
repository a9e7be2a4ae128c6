"""Rates and the time left, with a clock of the test's own."""

from __future__ import annotations

from itertools import pairwise

import pytest

from weights_vault.client.transfer.meter import Reading
from weights_vault.client.transfer.pulse import Rate, TimeLeft, left_text

MIB = 1 << 20


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def reading(done: int, total: int = 1000 * MIB) -> Reading:
    return Reading(total=total, done=done, fetched=done, again=0, files=1, files_done=0, active=())


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


def test_nobody_knows_the_time_left_in_the_first_seconds() -> None:
    clock = Clock()
    left = TimeLeft(clock)
    assert left.add(reading(0)) is None
    clock.time += 4
    assert left.add(reading(40 * MIB)) is None
    clock.time += 2
    assert left.add(reading(60 * MIB)) == pytest.approx(94)


def test_a_sudden_change_of_the_rate_moves_the_time_left_slowly() -> None:
    clock = Clock()
    left = TimeLeft(clock)
    done, shown = 0, []
    for second in range(120):
        done += (10 if second < 40 else 1) * MIB
        clock.time += 1
        seconds = left.add(reading(done, total=2000 * MIB))
        if seconds is not None:
            shown.append(seconds)
    jumps = [abs(after - before) / before for before, after in pairwise(shown)]
    assert max(jumps) < 0.1
    assert shown[-1] > 2 * shown[30]


def test_while_nothing_comes_the_time_left_is_unknown_and_it_comes_back() -> None:
    clock = Clock()
    left = TimeLeft(clock)
    left.add(reading(0))
    clock.time += 10
    assert left.add(reading(100 * MIB)) is not None
    clock.time += 11
    assert left.add(reading(100 * MIB)) is None
    clock.time += 1
    assert left.add(reading(110 * MIB)) is not None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (1, "about 5 s left"),
        (42, "about 40 s left"),
        (17 * 60 + 20, "about 17 min left"),
        (2 * 3600 + 19 * 60, "about 2 h 20 min left"),
        (3 * 3600 + 59 * 60, "about 4 h left"),
        (27.8 * 3600, "about 28 h left"),
        (100 * 3600, "about 4 days left"),
    ],
)
def test_the_time_left_is_said_no_finer_than_it_is_known(seconds: float | None, text: str) -> None:
    assert left_text(seconds) == text
