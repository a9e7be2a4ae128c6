"""The structured terms beside a license text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from licenses import summary
from licenses.examples import EXAMPLES, NOTICE
from licenses.summary import card, check_summary, differing
from licenses.terms import check_license_text, check_terms
from portal.core.problems import Invalid

TERMS: dict[str, Any] = dict(EXAMPLES["noncommercial-research"].terms)


def test_whole_terms_are_kept_as_they_are() -> None:
    kept, errors = check_summary(TERMS)
    assert (kept, errors) == (TERMS, {})
    assert check_summary(kept) == (kept, {})


@pytest.mark.parametrize("nothing", [None, {}])
def test_no_terms_are_no_terms(nothing: object) -> None:
    assert check_summary(nothing) == ({}, {})
    assert card({}) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("noncommercial", "yes"),
        ("noncommercial", None),
        ("field_of_use", "weapons"),
        ("field_of_use", ["a\nb"]),
        ("field_of_use", ["x"] * 21),
        ("copies", 0),
        ("copies", True),
        ("copies", "5"),
        ("term_days", -1),
        ("publication", ["sing"]),
        ("publication", [[]]),
        ("redistribution", "everybody"),
        ("redistribution", []),
        ("derivatives", ""),
        ("destruction", None),
        ("governing_law", "x" * 201),
        ("price", 3),
    ],
)
def test_each_fault_is_named_by_its_field(field: str, value: object) -> None:
    kept, errors = check_summary({**TERMS, field: value})
    assert (kept, list(errors)) == ({}, [field])


@given(some.recursive(some.none() | some.booleans() | some.integers() | some.text(), some.lists))
def test_whatever_stands_in_a_field_is_kept_whole_or_named(value: object) -> None:
    for field in summary.FIELDS:
        kept, errors = check_summary({**TERMS, field: value})
        assert bool(kept) is not bool(errors)
        assert not kept or card(kept)


def test_the_card_says_each_term_in_plain_words() -> None:
    rows = {row.name: row for row in card(TERMS)}
    assert rows["noncommercial"].text == "Noncommercial alone"
    assert rows["copies"].text == "At most 5"
    assert rows["publication"].items[0] == "Name the release and its license"
    assert "governing_law" not in rows


def test_a_word_that_is_not_known_any_more_is_shown_as_it_is() -> None:
    rows = {row.name: row for row in card({**TERMS, "redistribution": "by_pigeon", "publication": ["hum"]})}
    assert (rows["redistribution"].text, rows["publication"].items) == ("by_pigeon", ("hum",))


def test_what_differs_is_named() -> None:
    assert differing(TERMS, {**TERMS, "copies": 6}) == {"copies"}
    assert differing({}, {}) == frozenset()


@pytest.mark.parametrize("slug", EXAMPLES)
def test_each_example_can_be_published_and_says_what_it_is(slug: str) -> None:
    example = EXAMPLES[slug]
    assert check_license_text(example.text) == ""
    assert check_summary(dict(example.terms)) == (dict(example.terms), {})
    assert NOTICE.rstrip(".").lower() in example.text.lower()
    assert 60 <= example.text.count("\n") <= 120


def test_a_release_file_gives_a_new_text_its_terms() -> None:
    table = {"license": "opt-nc", "license_name": "OPT", "license_text": "L.md", "summary": TERMS}
    assert check_terms(table, "Text.").summary == TERMS
    with pytest.raises(Invalid) as caught:
        check_terms({**table, "summary": {**TERMS, "copies": 0}}, "Text.")
    assert list(caught.value.errors) == ["summary.copies"]
