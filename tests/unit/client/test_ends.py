"""Warnings of a token or a grant that ends too soon, with a clock of the test's own."""

from __future__ import annotations

import io

import pytest

from weights_vault.client.output import Output
from weights_vault.client.transfer.ends import End, EndWatch, span_text, warn_at_start
from weights_vault.client.transfer.meter import Meter

GB = 10**9
HOUR = 3600.0


def warned(end: End, fetch_bytes: int) -> list[tuple[str, str]]:
    output = Output(stderr=io.StringIO())
    warn_at_start([end], fetch_bytes, output)
    return [(each["reference"], each["what"]) for each in output.warnings]


@pytest.mark.parametrize(
    ("left_s", "fetch_bytes", "references"),
    [
        (0.5 * HOUR, 350 * GB, ["token-ends-first"]),  # 58 min even at 100 MB/s
        (0.5 * HOUR, 20 * GB, ["token-ends-soon"]),
        (0.5 * HOUR, 1 * GB, []),  # through in a quarter of an hour on a slow line
        (2 * HOUR, 350 * GB, []),
        (24 * HOUR, 350 * GB, []),
    ],
)
def test_before_the_start(left_s: float, fetch_bytes: int, references: list[str]) -> None:
    assert [reference for reference, _ in warned(End("token", left_s, "…"), fetch_bytes)] == references


def test_the_words_name_what_ends_and_both_times() -> None:
    ((_, what),) = warned(End("grant", 0.5 * HOUR, "…"), 350 * GB)
    assert what == "Your grant ends in 30 min, and it takes 58 min for 326.0 GiB even at 100 MB/s."


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def run_at(rate: int, seconds: int, left_s: float) -> list[str]:
    """Fetch 100 GB at a rate for so long under the watch."""
    clock, output = Clock(), Output(stderr=io.StringIO())
    meter = Meter(total=100 * GB, files=1, monotonic=clock)
    meter.begin_file("a", "a", 100 * GB, 0)
    watch = EndWatch([End("token", left_s, "Make another.")], meter, output, clock)
    for _ in range(seconds):
        watch.tick()
        meter.received("a", rate)
        meter.part_in("a", plain_size=rate, sealed_size=rate)
        clock.time += 1
    return [each["what"] for each in output.warnings]


def test_while_it_runs_an_end_that_comes_first_is_told_once() -> None:
    assert run_at(10_000_000, 120, left_s=HOUR) == [
        "Your token ends in 60 min; at the present rate it takes 3 h more."
    ]


def test_the_first_half_minute_says_nothing() -> None:
    assert run_at(10_000_000, 29, left_s=HOUR) == []


def test_a_download_that_will_be_over_in_time_is_left_alone() -> None:
    assert run_at(100_000_000, 120, left_s=HOUR) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (40, "40 s"), (1500, "25 min"), (3 * HOUR, "3 h"), (300 * HOUR, "12 days")],
)
def test_spans_in_words(seconds: float, text: str) -> None:
    assert span_text(seconds) == text


def test_the_time_that_has_run_is_off_the_end_too() -> None:
    """100 GB at 10 MB/s take 10,000 s in all: ten less is too little, whenever it is looked at."""
    assert len(run_at(10_000_000, 120, left_s=9_990)) == 1
    assert run_at(10_000_000, 120, left_s=10_100) == []
