"""Medians, ratios, and when a figure is reached."""

import pytest

from tests.benchmarks.row import Against, Series, Target, gigabytes_a_second, rows_of
from tests.unit.benchmarks.figures_of_a_run import row, series


def test_a_series_gives_the_median_and_the_range_whatever_the_order() -> None:
    measured = series("weights", 5.0, 1.0, 3.0, 2.0, 100.0)
    assert (measured.median, measured.low, measured.high) == (3.0, 1.0, 100.0)


def test_the_figure_of_a_row_is_the_ratio_of_the_medians() -> None:
    assert row(ours=3.0, theirs=1.5).figure == 2.0


def test_the_figure_of_a_row_without_a_peer_is_ours() -> None:
    assert row(ours=0.12, theirs=None).figure == 0.12


@pytest.mark.parametrize(
    ("target", "figure", "met"),
    [
        (Target("at least", 2.5), 2.5, True),
        (Target("at least", 2.5), 2.49, False),
        (Target("at most", 0.8), 0.8, True),
        (Target("at most", 0.8), 0.81, False),
    ],
)
def test_a_target_is_met_up_to_and_with_its_value(target: Target, figure: float, met: bool) -> None:
    assert target.is_met(figure) is met


@pytest.mark.parametrize(
    ("target", "figure", "missed"),
    [
        (Target("at least", 2.0), 1.5, 0.25),
        (Target("at most", 0.8), 1.0, 0.25),
        (Target("at least", 2.0), 3.0, 0.0),
        (Target("at most", 0.8), 0.1, 0.0),
    ],
)
def test_a_missed_target_says_by_which_part_of_it(target: Target, figure: float, missed: float) -> None:
    assert target.missed_by(figure) == pytest.approx(missed)


def test_a_row_without_a_target_is_neither_reached_nor_missed() -> None:
    assert row(target=None).reached is None


def test_each_peer_gets_its_row_against_the_same_samples_of_ours() -> None:
    raced = [Series(name, (), (value,)) for name, value in (("weights", 4.0), ("age", 2.0), ("pyrage", 1.0))]
    against = [Against("pyrage", Target("at least", 2.5)), Against("age", Target("at least", 2.5))]
    rows = rows_of("open-file", "open", "GB/s", raced, against, ["A fact."])
    assert [(each.peer and each.peer.name, each.figure, each.reached) for each in rows] == [
        ("pyrage", 4.0, True),
        ("age", 2.0, False),
    ]
    assert {each.ours for each in rows} == {raced[0]}


def test_a_rate_counts_gigabytes_of_ten_to_the_ninth() -> None:
    assert gigabytes_a_second(2_000_000_000, [1.0, 4.0]) == (2.0, 0.5)
