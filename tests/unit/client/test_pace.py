"""--limit-rate: all workers together keep to the rate, over a second as over a day."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from weights_vault.client.transfer.pace import CREDIT_S, MIN_PIECE_BYTES, Pace

KIB, GB = 1 << 10, 10**9


class Clock:
    """Time that passes only when somebody waits, as `Event.wait` does. stopped: every wait ends at once."""

    def __init__(self, *, stopped: bool = False) -> None:
        self.time = 1000.0
        self.stopped = stopped
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.time

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.time += 0.0 if self.stopped else seconds
        return self.stopped

    @property
    def event(self) -> threading.Event:
        return cast(threading.Event, self)


@pytest.mark.parametrize("limit", [1, KIB, 10**6 + 7, 5 * GB])
def test_what_is_taken_never_runs_ahead_of_the_rate_nor_behind_it(limit: int) -> None:
    clock = Clock()
    pace = Pace(limit, monotonic=clock)
    piece, taken = pace.piece(256 * KIB), 0
    for _ in range(5000):
        pace.take(piece, clock.event)
        taken += piece
        allowed = limit * (clock.time - 1000.0 + CREDIT_S)
        assert taken <= allowed * (1 + 1e-9) + 1
    assert taken == pytest.approx(limit * (clock.time - 1000.0 + CREDIT_S), rel=1e-6)


def test_a_pause_is_caught_up_on_for_a_quarter_of_a_second_alone() -> None:
    clock = Clock()
    pace = Pace(1000, monotonic=clock)
    pace.take(1000, clock.event)
    clock.time += 3600
    at = clock.time
    pace.take(int(1000 * CREDIT_S), clock.event)
    assert clock.time == at
    pace.take(500, clock.event)
    assert clock.time == pytest.approx(at + 0.5)


def test_the_seconds_waited_are_told() -> None:
    clock = Clock()
    pace = Pace(1000, monotonic=clock)
    assert pace.take(int(1000 * CREDIT_S), clock.event) == 0.0
    assert pace.take(2000, clock.event) == pytest.approx(2.0)


def test_a_stopped_download_waits_no_longer() -> None:
    stop = threading.Event()
    stop.set()
    assert Pace(1).take(3600, stop) < 60


def test_no_limit_never_waits() -> None:
    clock = Clock()
    assert Pace(None, monotonic=clock).take(10 * GB, clock.event) == 0.0
    assert clock.waits == []
    assert Pace().piece(256 * KIB) == 256 * KIB


@pytest.mark.parametrize(
    ("limit", "piece"),
    [(1, MIN_PIECE_BYTES), (8 * KIB, 2 * KIB), (5 * GB, 256 * KIB)],
)
def test_pieces_are_small_where_the_rate_is(limit: int, piece: int) -> None:
    assert Pace(limit).piece(256 * KIB) == piece


def test_eight_workers_share_one_rate() -> None:
    clock = Clock()
    lock = threading.Lock()
    pace = Pace(8000, monotonic=clock)

    def work() -> None:
        for _ in range(50):
            with lock:  # one waits at a time: the clock is one for all
                pace.take(100, clock.event)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert clock.time - 1000.0 == pytest.approx(8 * 50 * 100 / 8000 - CREDIT_S)


@pytest.mark.parametrize("limit", [0, -1])
def test_no_rate_at_all_is_a_mistake_of_the_program(limit: int) -> None:
    with pytest.raises(RuntimeError):
        Pace(limit)
