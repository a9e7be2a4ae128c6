"""Documents as PDF/A: the same bytes each time, every script, and nothing that people wrote acts."""

import re
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from licenses.agreements import prose, render
from licenses.agreements.contents import signed_at
from tests.unit.licenses.agreements.papers import KINDS, accepted, contents_of
from tests.unit.licenses.world import NOW, World

pytestmark = pytest.mark.django_db

ACTS = '#panic("acted") $ #panic("acted") $ @acted \\ ```typ #panic()``` */ // "] #{panic()}'
SCRIPTS = "Zoë Łukasz Ñandú Нина Ελένη 李明 ひらがな محمد علي अनिता অনিতা สมชาย Հայկ გიორგი"


def everywhere(value: Any, said: str) -> Any:
    """The contents with `said` behind each text."""
    match value:
        case str():
            return value + said
        case list():
            return [everywhere(inner, said) for inner in value]
        case dict():
            return {name: inner if name == "k" else everywhere(inner, said) for name, inner in value.items()}
    return value


@pytest.mark.parametrize("kind", KINDS)
def test_document_is_pdf_a_and_the_same_bytes_for_the_same_data(kind: str) -> None:
    agreement = KINDS[kind](World())
    first = render.pdf(contents_of(agreement), signed_at(agreement))
    assert first.startswith(b"%PDF-1.")
    assert re.search(rb"<pdfaid:part>2</pdfaid:part>\s*<pdfaid:conformance>B<", first)
    assert render.pdf(contents_of(agreement), signed_at(agreement)) == first


def test_time_of_the_file_is_the_time_of_the_signature() -> None:
    agreement = accepted(World())
    assert signed_at(agreement) == NOW
    assert b"D:20261120120000" in render.pdf(contents_of(agreement), NOW)


@pytest.mark.parametrize("kind", KINDS)
def test_a5_text_of_people_is_never_source_of_the_template(kind: str) -> None:
    contents = everywhere(contents_of(KINDS[kind](World())), ACTS)
    assert render.pdf(contents, NOW).startswith(b"%PDF")


def test_a5_hostile_license_text_is_set_in_type() -> None:
    text = f"# {ACTS}\n\n{ACTS}\n\n1. {ACTS}\n\n|a|\n|-|\n|{ACTS}|\n\n    {ACTS}\n"
    assert render.pdf(contents_of(accepted(World(text=text))), NOW).startswith(b"%PDF")


def test_names_in_the_scripts_of_the_world_need_no_replacement() -> None:
    contents = contents_of(accepted(World()))
    contents["signature"]["name"] = SCRIPTS
    assert render._compile(contents, NOW, monotonic() + 60).startswith(b"%PDF")


def test_what_no_font_has_is_written_as_its_code_point() -> None:
    contents = contents_of(accepted(World()))
    spelled = {**contents, "lead": "An ⟨U+1F600⟩ and ⟨U+1F9EC⟩."}
    assert render.pdf({**contents, "lead": "An 😀 and 🧬."}, NOW) == render.pdf(spelled, NOW)


def test_marks_that_turn_the_reading_order_are_shown() -> None:
    contents = contents_of(accepted(World()))
    spelled = {**contents, "lead": "pay ⟨U+202E⟩001"}
    assert render.pdf({**contents, "lead": "pay \u202e001"}, NOW) == render.pdf(spelled, NOW)


def test_letters_and_marks_that_only_together_have_no_glyph_do_not_stop_a_document() -> None:
    contents = contents_of(accepted(World()))
    assert render.pdf({**contents, "lead": "中\u0301\u0489 अ\u0301\u0e31 e" + "\u0301" * 40}, NOW)


def test_template_that_is_at_fault_says_so() -> None:
    with pytest.raises(render.RenderFailed):
        render.pdf({"title": "nothing else"}, NOW)


def test_a_list_from_0_is_no_list_from_1_and_none_without_numbers() -> None:
    contents = contents_of(accepted(World()))
    made = []
    for text in ("0. One\n1. two\n", "1. One\n2. two\n", "- One\n- two\n"):
        contents["text"]["blocks"] = prose.blocks(text)
        made.append(render.pdf(contents, NOW))
    assert len(set(made)) == 3


def test_a_document_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "MOST_S", 0.01)
    with pytest.raises(render.RenderTooSlow, match="not set in type within"):
        render.pdf(contents_of(accepted(World())), NOW)


def test_a_typesetter_that_dies_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dying = tmp_path / "typeset.py"
    dying.write_text("import os; os.abort()")
    monkeypatch.setattr(render, "TYPESET", dying)
    with pytest.raises(render.RenderFailed, match="ended with -6"):
        render.pdf(contents_of(accepted(World())), NOW)


def test_a_word_wider_than_the_sheet_goes_on_in_the_next_line() -> None:
    """No mark parts from its letter, and what is no longer than a line stays as it is."""
    long = render._loosened("x" * 90)
    assert [len(piece) for piece in long.split("\u200b")] == [30, 30, 30]
    marked = render._loosened("e\u0301" * 45)
    assert [len(piece) for piece in marked.split("\u200b")] == [30, 30, 30]
    assert all(not piece.startswith("\u0301") for piece in marked.split("\u200b"))
    for kept in ("x" * 59, "word " * 40, "中文" * 200, "สมชาย" * 40):
        assert render._loosened(kept) == kept
