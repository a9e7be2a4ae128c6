"""Text that people type. A5: what could break a page, a mail header or the database does not get in."""

import unicodedata
from types import SimpleNamespace

import pytest

from licenses.texts import clean


def test_text_is_trimmed_and_normalized() -> None:
    assert clean("  a\r\nb\rc\u0065\u0301 \n", multiline=True) == ("a\nb\nc\u00e9", "")


@pytest.mark.parametrize(
    "markup", ["<script>alert(1)</script>", "{{7*7}}", "javascript:alert(1)", "'; DROP TABLE"]
)
def test_markup_is_kept_as_the_text_that_it_is(markup: str) -> None:
    assert clean(markup, multiline=False) == (markup, "")


@pytest.mark.parametrize(
    "bad", ["a\nb", "a\r\nBcc: x@example.org", "a\x00b", "a\x1bb", "a\ud800b", "a\u2028b"]
)
def test_a_line_holds_no_line_break_and_no_control_character(bad: str) -> None:
    text, wrong = clean(bad, multiline=False)
    assert text == ""
    assert "cannot be shown" in wrong


@pytest.mark.parametrize("bad", ["a\x00b", "a\x07b", "a\udfffb", "a\u2029b"])
def test_several_lines_hold_no_control_character_either(bad: str) -> None:
    assert clean(bad, multiline=True)[1]


@pytest.mark.parametrize(
    "secret",
    [
        "wp_" + "a" * 30,
        "AGE-SECRET-KEY-1QQQQ",
        "-----BEGIN PRIVATE KEY-----\nabc",
        "https://x/?signature=00ff",
    ],
)
def test_a_secret_pasted_by_mistake_is_refused_and_not_repeated(secret: str) -> None:
    text, wrong = clean(f"see {secret}", multiline=True)
    assert text == ""
    assert "private key" in wrong
    assert secret not in wrong


@pytest.mark.parametrize(("multiline", "most"), [(False, 500), (True, 10_000)])
def test_text_is_bounded(multiline: bool, most: int) -> None:
    assert clean("x" * most, multiline=multiline) == ("x" * most, "")
    assert f"{most:,}" in clean("x" * (most + 1), multiline=multiline)[1]


@pytest.mark.parametrize("marks", ["\u0301", "\u0301\u0323"])
def test_a_letter_with_a_pile_of_marks_costs_nothing(monkeypatch: pytest.MonkeyPatch, marks: str) -> None:
    """Normalizing one costs the square of its marks: it is refused before."""
    kept, wrong = clean("a" + (marks * 30)[:30], multiline=True)
    assert (bool(kept), wrong) == (True, "")
    without = SimpleNamespace(combining=unicodedata.combining, category=unicodedata.category)
    monkeypatch.setattr("licenses.texts.unicodedata", without)
    assert "more than 30 marks" in clean("a" + (marks * 31)[:31], multiline=True)[1]
    assert "at most 10,000" in clean("a" + marks * 100_000, multiline=True)[1]


@pytest.mark.parametrize("value", [None, 1, True, ["a"], {"a": 1}, b"a"])
def test_only_text_is_text(value: object) -> None:
    assert clean(value, multiline=True) == ("", "This must be text.")
