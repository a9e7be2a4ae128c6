"""The command line of the benchmarks."""

import argparse

import pytest

from tests.benchmarks import __main__ as command
from tests.benchmarks.__main__ import GROUPS, PROGRAMS, SETS, size_of, size_text, with_size
from tests.benchmarks.context import Context
from tests.benchmarks.errors import BenchError
from tests.benchmarks.page import TITLES
from tests.benchmarks.row import Row
from tests.unit.benchmarks.figures_of_a_run import row


@pytest.mark.parametrize(
    ("text", "size"),
    [("1GiB", 2**30), ("64 MiB", 64 * 2**20), ("20GB", 20 * 10**9), ("1.5KiB", 1536), ("4096", 4096)],
)
def test_sizes_have_binary_and_decimal_units(text: str, size: int) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize("text", ["", "GiB", "1TB", "-1", "1 gib"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        size_of(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(2**31, "2 GiB"), (64 * 2**20, "64 MiB"), (1536, "1,536 bytes"), (10**6, "1,000,000 bytes")],
)
def test_a_size_is_told_in_the_largest_unit_that_gives_a_round_number(size: int, text: str) -> None:
    assert size_text(size) == text


def test_what_a_row_moved_is_its_first_fact_but_for_rows_that_move_nothing() -> None:
    assert with_size(row(), 2**30).facts == ("1 GiB of random data.", "A fact.")
    assert with_size(row(key="api"), 2**30).facts == ("A fact.",)


def test_every_group_of_rows_has_a_title_and_a_list_of_its_programs() -> None:
    assert set(GROUPS) == set(TITLES) == set(PROGRAMS)


def test_every_group_of_rows_is_measured_with_one_set() -> None:
    assert sorted(GROUPS) == sorted(group for groups in SETS.values() for group in groups)


def test_a_group_that_cannot_be_measured_does_not_take_the_others_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_room(context: Context) -> list[Row]:
        raise BenchError("no room")

    monkeypatch.setattr(command, "_versions", lambda names: {})
    monkeypatch.setitem(GROUPS, "seal", no_room)
    monkeypatch.setitem(GROUPS, "api", lambda context: [row(key="api")])
    figures, failed = command.measure(["seal", "api"], size=None, runs=1, kills=1)
    assert [each.key for each in figures.rows] == ["api"]
    assert failed == ["seal"]
