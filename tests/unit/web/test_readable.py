"""Two license texts as people read them: no Markdown, and what differs marked for eye and ear."""

import re
import time

import pytest
from django.utils.html import strip_tags

from portal.web.passages import Word, passages
from portal.web.readable import Place, changed_places, differing

BEFORE = """# License

1. **Use.** For *research* alone.
2. Delete within 30 days.

| Who | What |
|-----|------|
| You | Read |
"""


def only(places: tuple[Place, ...], kind: str) -> Place:
    [found] = [place for place in places if place.kind == kind]
    return found


def said(of: str) -> list[str]:
    return ["".join(word.text for word in passage.words) for passage in passages(of)]


def test_a_text_is_a_row_of_passages_without_markdown() -> None:
    assert said(BEFORE) == [
        "License",
        "1. Use. For research alone.",
        "2. Delete within 30 days.",
        "Who | What",
        "You | Read",
    ]
    assert [passage.kind for passage in passages(BEFORE)] == ["heading", "item", "item", "row", "row"]
    assert Word("research", ("em",)) in passages(BEFORE)[1].words


def test_lists_within_lists_and_quotations_stand_further_in() -> None:
    made = passages("- a\n  - b\n\n    c\n\n> d\n\n```\ne\nf\n```\n\n-\n")
    assert [(passage.kind, passage.depth) for passage in made] == [
        ("item", 1),
        ("item", 2),
        ("text", 2),
        ("text", 1),
        ("code", 0),
        ("code", 0),
        ("item", 1),
    ]


def test_a_changed_word_is_marked_and_said_and_its_setting_kept() -> None:
    places = differing(BEFORE, BEFORE.replace("*research*", "*teaching*"))
    html = only(places, "changed").html
    assert "<strong>Use.</strong>" in html
    assert "<del><em>research</em></del>" in html
    assert "<ins><em>teaching</em></ins>" in html
    assert "1. Use. For [gone: research] [new: teaching] alone." in re.sub(r" +", " ", strip_tags(html))


def test_no_marks_of_markdown_are_shown() -> None:
    after = BEFORE.replace("30", "14").replace("Read", "**Write**").replace("# License", "# *License*")
    shown = " ".join(strip_tags(place.html) for place in differing(BEFORE, after))
    assert "#" not in shown
    assert "*" not in shown
    assert "-----" not in shown


def test_a_word_that_only_became_bold_is_a_change() -> None:
    html = only(differing("One two three.", "One **two** three."), "changed").html
    assert "<del>two</del>" in html
    assert "<ins><strong>two</strong></ins>" in html


def test_a_heading_that_became_a_paragraph_says_so() -> None:
    places = differing("# Use of the weights\n", "Use of the weights\n")
    assert only(places, "changed").note == "Before, this was a heading."


def test_what_differs_in_how_it_is_typed_alone_has_no_rows() -> None:
    assert differing("One\ntwo *three*.", "One two\n_three_.\n") == ()


def test_a_clause_put_before_others_changes_their_numbers_alone() -> None:
    places = differing(
        "1. Delete within 30 days.\n2. No warranty at all is given.\n",
        "1. Delete within 30 days.\n2. Five copies.\n3. No warranty at all is given.\n",
    )
    assert [place.kind for place in places] == ["same", "added", "changed"]
    assert "<del>2</del>" in places[2].html
    assert "No warranty at all is given." in places[2].html
    assert changed_places(places) == 1


def test_far_passages_are_left_out_and_counted() -> None:
    text = "".join(f"Paragraph {n}.\n\n" for n in range(20))
    places = differing(text, text + "One more.\n")
    assert (places[0].kind, places[0].count) == ("skipped", 17)
    assert only(places, "added").html == "One more."


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "[a](javascript:alert(1))", "`<b>`", "    <b>"]
)
def test_a5_what_stands_in_a_license_is_shown_as_text(text: str) -> None:
    html = "".join(place.html for place in differing("Before.", text))
    assert "<script" not in html
    assert "<a" not in html
    assert "<b>" not in html


def test_long_texts_written_anew_are_compared_in_time() -> None:
    begun = time.process_time()
    before = "\n\n".join(f"{n}. Old *line* {n} of {n * 7}." for n in range(3_000))
    after = "\n\n".join(f"{n}. Another {n} altogether {n * 3}!" for n in range(3_000))
    assert differing(before, after)
    assert time.process_time() - begun < 20
