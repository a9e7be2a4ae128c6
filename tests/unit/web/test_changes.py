"""What changed between two answers."""

import time

from hypothesis import given
from hypothesis import strategies as st

from portal.web.changes import MAX_WORDS, Run, changes

TEXTS = st.text(alphabet="ab c.\n", max_size=80)


def test_a_changed_word_is_removed_and_added() -> None:
    assert changes("a red fox", "a brown fox") == [
        Run("same", "a "),
        Run("removed", "red"),
        Run("added", "brown"),
        Run("same", " fox"),
    ]


def test_an_unchanged_text_is_one_run() -> None:
    assert changes("same", "same") == [Run("same", "same")]


def test_no_answer_is_no_run() -> None:
    assert changes("", "") == []


@given(TEXTS, TEXTS)
def test_the_runs_hold_both_texts_whole(before: str, after: str) -> None:
    runs = changes(before, after)

    assert "".join(run.text for run in runs if run.kind != "removed") == after
    assert "".join(run.text for run in runs if run.kind != "added") == before


def test_very_long_texts_are_shown_whole_instead_of_compared() -> None:
    before, after = "a " * MAX_WORDS, "b " * MAX_WORDS

    assert changes(before, after) == [Run("removed", before), Run("added", after)]


def test_a_text_that_repeats_itself_costs_its_reader_no_minute() -> None:
    """An applicant writes both versions, and whoever reviews opens the page: once that took 70 seconds."""
    before = "a " * 999
    after = " ".join("a" if number % 2 else f"b{number}" for number in range(999))
    begun = time.process_time()

    assert changes(before, after) == [Run("removed", before), Run("added", after)]
    assert changes("a." * 700, "b;a." * 350)
    assert time.process_time() - begun < 5
