"""How many connections a download opens by itself, against stores modelled by their rate."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from weights_vault.client.transfer import crew as crew_module
from weights_vault.client.transfer.crew import HOLD_S, TROUBLE_HOLD_S, Crew
from weights_vault.client.transfer.limits import FIRST_JOBS, MAX_JOBS

MB = 10**6
TICK_S = 0.2


class Line:
    """A clock, and what came over a line whose rate depends on how many workers there are."""

    def __init__(self, rate: Callable[[int], float]) -> None:
        self.rate = rate
        self.time = 100.0
        self.fetched = 0.0
        self.sizes: list[int] = []

    def __call__(self) -> float:
        return self.time

    def run(self, crew: Crew, seconds: float) -> int:
        """Let time pass with as many workers as are wanted. Returns: how many that is in the end."""
        for _ in range(int(seconds / TICK_S)):
            running = crew.wanted
            self.sizes.append(running)
            self.time += TICK_S
            self.fetched += self.rate(running) * TICK_S
            crew.observe(int(self.fetched), running)
        return crew.wanted


@pytest.fixture(autouse=True)
def _enough_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "_ceiling", lambda: MAX_JOBS)


def test_a_store_that_throttles_each_connection_gets_all_it_may_have() -> None:
    line = Line(lambda running: running * 4 * MB)
    assert line.run(Crew(monotonic=line), 15) == MAX_JOBS


def test_a_line_that_two_fill_keeps_two_nearly_all_of_the_time() -> None:
    line = Line(lambda running: 1000 * MB)
    crew = Crew(monotonic=line)
    assert line.run(crew, 10) == FIRST_JOBS
    line.run(crew, 50)
    assert max(line.sizes) == 2 * FIRST_JOBS
    assert line.sizes.count(FIRST_JOBS) > 0.85 * len(line.sizes)


def test_a_line_on_which_more_are_slower_goes_back_to_two() -> None:
    line = Line(lambda running: 2400 * MB / max(1, running - 1))
    assert line.run(Crew(monotonic=line), 10) == FIRST_JOBS


def test_a_line_that_sixteen_fill_gets_about_sixteen() -> None:
    line = Line(lambda running: min(running, 16) * 50 * MB)
    assert 16 <= Line.run(line, Crew(monotonic=line), 15) <= 24


def test_a_line_that_gets_better_is_found_out() -> None:
    line = Line(lambda running: 100 * MB)
    crew = Crew(monotonic=line)
    line.run(crew, 10)
    line.rate = lambda running: running * 50 * MB
    assert line.run(crew, 2 * HOLD_S) >= 16


def test_trouble_halves_the_crew_once_for_all_who_meet_it_and_holds_it() -> None:
    line = Line(lambda running: running * 4 * MB)
    crew = Crew(monotonic=line)
    line.run(crew, 15)
    for _ in range(MAX_JOBS):
        crew.trouble()
    assert crew.wanted == MAX_JOBS // 2
    assert line.run(crew, TROUBLE_HOLD_S - 1) == MAX_JOBS // 2
    assert line.run(crew, 10) == MAX_JOBS


def test_trouble_that_goes_on_leaves_one() -> None:
    line = Line(lambda running: 0.0)
    crew = Crew(monotonic=line)
    for _ in range(10):
        crew.trouble()
        line.run(crew, 2)
    assert crew.wanted == 1


def test_a_store_that_sends_nothing_gets_no_more_connections() -> None:
    line = Line(lambda running: 0.0)
    crew = Crew(monotonic=line)
    line.run(crew, 100)
    assert max(line.sizes) == FIRST_JOBS


def test_the_end_where_parts_are_fewer_than_workers_teaches_nothing() -> None:
    line = Line(lambda running: 0.0)
    crew = Crew(monotonic=line)
    for _ in range(100):
        line.time += TICK_S
        crew.observe(int(line.time * MB), crew.wanted - 1)
    assert crew.wanted == FIRST_JOBS


@pytest.mark.parametrize("exactly", [1, 7, MAX_JOBS])
def test_a_number_that_was_asked_for_is_kept_whatever_happens(exactly: int) -> None:
    line = Line(lambda running: running * 4 * MB)
    crew = Crew(exactly, monotonic=line)
    crew.trouble()
    assert line.run(crew, 30) == exactly


@pytest.mark.parametrize(("gib", "most"), [(0.25, 1), (4, 15), (64, MAX_JOBS)])
def test_buffers_nobody_asked_for_take_a_sixteenth_of_the_memory(
    monkeypatch: pytest.MonkeyPatch, gib: float, most: int
) -> None:
    monkeypatch.undo()
    pages = {"SC_PHYS_PAGES": int(gib * (1 << 30)) // 4096, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(crew_module.os, "sysconf", pages.__getitem__)
    line = Line(lambda running: running * 4 * MB)
    assert line.run(Crew(monotonic=line), 15) == most


def test_workers_in_trouble_at_once_do_not_get_in_each_others_way() -> None:
    crew = Crew()
    workers = [threading.Thread(target=crew.trouble) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert crew.wanted == FIRST_JOBS // 2
