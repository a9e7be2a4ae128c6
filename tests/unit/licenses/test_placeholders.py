"""What an example license leaves to be filled in is found, and nothing else is taken for it."""

import pytest

from licenses.placeholders import left_in


def found(text: str) -> list[str]:
    return [str(left) for left in left_in(text)]


def test_each_is_named_with_its_line() -> None:
    text = "# A\n\n1. Of [PUBLISHER],\n   at most [5] copies.\n2. The law of\n   [COUNTRY OR\n   STATE].\n"
    assert found(text) == ["Line 3: [PUBLISHER]", "Line 4: [5]", "Line 6: [COUNTRY OR STATE]"]


@pytest.mark.parametrize(
    "text",
    [
        "| Who |\n| - |\n| [PUBLISHER] |\n",
        "## Of [PUBLISHER]\n",
        "> Of **[PUBLISHER]**\n",
        "Of `[PUBLISHER]`\n",
        "    Of [PUBLISHER]\n",
        "Of \\[PUBLISHER\\]\n",
    ],
)
def test_it_is_found_wherever_people_read_it(text: str) -> None:
    assert [left.words for left in left_in(text)] == ["[PUBLISHER]"]


@pytest.mark.parametrize(
    "text",
    [
        "See [PUBLISHER](https://example.org) and [5](https://example.org/5).",
        "As others say [5].\n\n[5]: https://example.org",
        "As [somebody] says in [1], [Reserved].",
        "Of the publisher, at most 5 copies.",
    ],
)
def test_a_link_and_brackets_of_ones_own_are_fine(text: str) -> None:
    assert found(text) == []


def test_the_note_is_found_across_lines_and_once() -> None:
    text = "> A starting point,\n> not legal advice. Replace every word in [brackets].\n\nTerms.\n"
    assert found(text) == ["Line 1: take out the note “A starting point, not legal advice.”"]
    assert found("Replace every word in [brackets].") == ["Line 1: [brackets]"]
