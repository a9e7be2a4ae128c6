"""The page that is written from figures and notes."""

import json
import re
from dataclasses import asdict, replace

import pytest

from tests.benchmarks.__main__ import SETS
from tests.benchmarks.figures import figures_from, load
from tests.benchmarks.page import NOTES, PAGE, cell, read_notes, render, target_text, verdict
from tests.benchmarks.row import Target
from tests.unit.benchmarks.figures_of_a_run import figures, row, series


def test_the_page_that_is_kept_is_the_one_that_its_figures_and_notes_give() -> None:
    """Written again by `python -m tests.benchmarks --page`."""
    kept = [figures for name in SETS if (figures := load(name)) is not None]
    assert PAGE.read_text() == render(kept, read_notes(NOTES.read_text()))


def test_a_row_shows_medians_ranges_ratio_goal_and_verdict() -> None:
    page = render([figures(row(ours=3.0, theirs=1.0))], {})
    assert "| open file → file | 3.00 GB/s | age -d | 1.00 GB/s | 3.00 | ≥ 2.5 | yes |" in page


def test_a_row_that_is_not_reached_says_by_how_much() -> None:
    assert verdict(row(ours=2.0, theirs=1.0)) == "no, 20% short"
    assert verdict(row(ours=1.0, theirs=1.0, target=Target("at most", 0.8))) == "no, 25% over"


def test_a_row_without_a_target_gives_no_verdict() -> None:
    assert (verdict(row(target=None)), target_text(None, row(target=None))) == ("–", "–")


def test_a_target_without_a_peer_has_the_unit_of_the_row() -> None:
    each = row(ours=0.1, theirs=None, target=Target("at most", 0.15), unit="ms")
    assert target_text(each.target, each) == "≤ 0.15 ms"


def test_a_cell_gives_the_range_where_there_was_more_than_one_sample() -> None:
    assert cell(series("weights", 1.0, 2.0, 4.0), "s") == "2.00 s (1.00–4.00)"


def test_the_machine_and_every_version_stand_on_the_page() -> None:
    page = render([figures()], {})
    for fact in ("2026-11-21", "abc1234", "5 runs", "Some CPU", "2 cores", "24 GiB", "age 1.1.1"):
        assert fact in page


def test_the_commands_of_a_group_stand_once_beneath_it() -> None:
    page = render([figures(row(), row())], {})
    assert page.count("weights $T/file") == 1
    assert page.count("age -d $T/file") == 1
    assert page.count("- A fact.") == 1


def test_a_name_with_a_pipe_stays_in_its_cell() -> None:
    piped = replace(row(), peer=series("curl | age -d", 1.0))
    assert r"| curl \| age -d |" in render([figures(piped)], {})


def test_a_note_stands_under_the_title_of_its_rows() -> None:
    page = render([figures()], {"open-file": "Memory bounds it."})
    assert page.index("### Opening a sealed file into a file") < page.index("Memory bounds it.")


def test_notes_are_read_by_key_and_empty_ones_left_out() -> None:
    text = "For editors.\n\n## open-file\n\n## seal\n\nTwo lines\nof text.\n"
    assert read_notes(text) == {"seal": "Two lines\nof text."}


def test_a_note_for_rows_that_do_not_exist_is_refused() -> None:
    with pytest.raises(KeyError, match="opne-file"):
        read_notes("## opne-file\n\nText.\n")


@pytest.mark.parametrize(
    ("keys", "title"),
    [
        (("api", "seal"), "The table"),
        (("seal",), "The table"),
        (("desk",), "The desk"),
        (("large",), "The large release"),
    ],
)
def test_what_was_measured_together_stands_under_one_title(keys: tuple[str, ...], title: str) -> None:
    page = render([figures(*(row(key=key) for key in keys))], {})
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == [title]


def test_without_figures_the_page_says_so() -> None:
    assert "Nothing was measured yet." in render([], {})


def test_figures_come_back_from_json_as_they_were() -> None:
    measured = figures(row(), row(theirs=None, target=None))
    assert figures_from(json.loads(json.dumps(asdict(measured)))) == measured
