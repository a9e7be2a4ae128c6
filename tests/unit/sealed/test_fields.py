"""Section 2: the fields of documents."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from weights_vault.sealed.errors import EnvelopeMalformed, Malformed
from weights_vault.sealed.fields import SLUG, Fields, read_time, whole_second, write_time


def test_times_are_written_in_utc_without_fractions() -> None:
    moment = datetime(2026, 11, 20, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert write_time(moment) == "2026-11-20T21:59:59Z"
    assert read_time(write_time(moment)) == whole_second(moment)


def test_early_years_keep_their_twenty_characters() -> None:
    assert read_time(write_time(datetime(33, 4, 3, tzinfo=UTC))) == datetime(33, 4, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-20T23:41:00",
        "2026-11-20T23:41:00z",
        "2026-11-20 23:41:00Z",
        "2026-11-20T23:41:00.0Z",
        "2026-11-20T23:41:00+00:00",
        "2026-02-30T00:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T23:41:60Z",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-11-20T23:41:00Z",
        "2026-11-20T23:41:00Z\n",
    ],
)
def test_no_other_form_of_a_time_is_read(text: str) -> None:
    with pytest.raises(Malformed):
        read_time(text)


def test_a_time_without_zone_is_a_mistake_of_the_program() -> None:
    with pytest.raises(RuntimeError):
        whole_second(datetime(2026, 11, 20))


@pytest.mark.parametrize("value", [{}, {"a": 1}, {"a": 1, "b": 2, "c": 3}, [], "a", None, 1])
def test_an_object_with_other_than_its_fields_is_refused(value: object) -> None:
    with pytest.raises(EnvelopeMalformed):
        Fields(value, ("a", "b"), EnvelopeMalformed, "it")  # type: ignore[arg-type]


def test_a_boolean_is_no_number() -> None:
    with pytest.raises(EnvelopeMalformed):
        Fields({"a": True}, ("a",), EnvelopeMalformed, "it").number("a")
    with pytest.raises(EnvelopeMalformed):
        Fields({"a": [1, False]}, ("a",), EnvelopeMalformed, "it").numbers("a", 0, 5)


@pytest.mark.parametrize("words", [["a", "a"], ["a", 1], ["A"], [], ["a", "b", "c"]])
def test_texts_are_distinct_of_their_pattern_and_number(words: list[object]) -> None:
    with pytest.raises(EnvelopeMalformed):
        Fields({"a": words}, ("a",), EnvelopeMalformed, "it").texts("a", 1, 2, SLUG)  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "value", [{"A": "x"}, {"a": 1}, {"a": "X"}, {"a": "x", "b": "x", "c": "x"}, [], None]
)
def test_texts_by_name_keep_both_patterns_and_their_number(value: object) -> None:
    fields = Fields({"a": value}, ("a",), EnvelopeMalformed, "it")  # type: ignore[dict-item]
    with pytest.raises(EnvelopeMalformed):
        fields.texts_by_name("a", 2, SLUG, SLUG)
