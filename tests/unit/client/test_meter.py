from __future__ import annotations

import threading

from weights_vault.client.transfer.meter import Meter, Retry

MIB = 1 << 20


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def meter(clock: Clock | None = None) -> Meter:
    made = Meter(total=100 * MIB, files=1, monotonic=clock or Clock())
    made.begin_file("a", "a.safetensors", 100 * MIB, 0)
    return made


def in_a_thread(act: object) -> None:
    thread = threading.Thread(target=act)  # type: ignore[arg-type]
    thread.start()
    thread.join()


def test_bytes_on_their_way_count_until_they_are_written_or_thrown_away() -> None:
    counts = meter()
    counts.received("a", 5)
    assert [(count.path, count.coming) for count in counts.read().active] == [("a.safetensors", 5)]
    counts.thrown_away("a", 5, "damaged")
    reading = counts.read()
    assert (reading.active[0].coming, reading.again, reading.retrying) == (0, 5, "damaged")
    assert counts.again_by == {"damaged": 5}


def test_a_trouble_of_the_line_is_over_when_bytes_come_again() -> None:
    counts = meter()
    counts.retry("the connection stalled")
    counts.received("a", 1)
    assert counts.read().retrying == ""


def test_a_damaged_part_is_told_until_it_is_in() -> None:
    counts = meter()
    counts.received("a", 5)
    counts.thrown_away("a", 5, "damaged")
    counts.received("a", 5)
    assert counts.read().retrying == "damaged"
    counts.part_in("a", plain_size=5, sealed_size=5)
    assert counts.read().retrying == ""


def test_the_trouble_of_one_worker_stays_while_another_fetches() -> None:
    counts = meter()
    in_a_thread(lambda: counts.retry("the store answered 503", 30.0))
    counts.received("a", MIB)
    counts.part_in("a", plain_size=MIB, sealed_size=MIB)
    reading = counts.read()
    assert (reading.retrying, reading.retry_in_s) == ("the store answered 503", 30.0)


def test_waits_of_several_workers_at_once_are_one_wait() -> None:
    clock = Clock()
    counts = meter(clock)
    in_a_thread(lambda: counts.retry("503", 10.0))
    clock.time += 4
    in_a_thread(lambda: counts.retry("503", 10.0))
    clock.time += 20
    counts.retry("503", 5.0)
    assert counts.waited_s == 19.0
    assert counts.retries == {"503": 3}


def test_what_was_tried_again_is_told_once() -> None:
    counts = meter()
    counts.retry("503", 1.0)
    assert counts.take_retries() == [Retry("503", 1.0)]
    assert counts.take_retries() == []
