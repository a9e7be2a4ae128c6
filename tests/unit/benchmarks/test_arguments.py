"""The command line of the benchmarks."""

import argparse

import pytest

from tests.benchmarks.__main__ import GROUPS, PROGRAMS, TABLE, size_of
from tests.benchmarks.page import TITLES


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


def test_every_group_of_rows_has_a_title_and_a_list_of_its_programs() -> None:
    assert set(GROUPS) == set(TITLES) == set(PROGRAMS) == {*TABLE, "large"}
