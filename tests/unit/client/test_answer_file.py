"""What a template says is read back as it was, whatever stands in it; faults are found with their places."""

from __future__ import annotations

import io
import sys
import tomllib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weights_vault.client.asking.answer_file import read_answers
from weights_vault.client.asking.checking import checked
from weights_vault.client.asking.form import Form, License, Question, Said
from weights_vault.client.asking.template import json_of, toml_of
from weights_vault.client.output import Output

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
FORM = Form(
    releases=("opt-175b",),
    title="OPT-175B",
    url="https://weights.example.org/releases/opt-175b/",
    license=License("lic_1", "OPT", 1, "a" * 64),
    questions=(
        Question("purpose", "What for?", "long_text", required=True),
        Question("place", "Where?", "text", required=False),
        Question("alone", "Alone?", "confirm", required=True),
    ),
    evidence="required",
    max_co_applicants=2,
    signatory=True,
    target_days=5,
    grant_days=365,
)


def known(long: str, line: str, name: str) -> Form:
    person = {"name": name, "email": "a@example.org"}
    said = Said(
        answers={"purpose": long, "place": line, "alone": True},
        evidence={"profiles": [line], "references": [{**person, "relation": line}]},
        summary_of_use=long,
        co_applicants=(person,),
        signatory=person,
    )
    return replace(FORM, earlier=said, renewal=True)


@given(TEXTS | st.text('"\\\n', max_size=12), TEXTS, TEXTS)
@settings(max_examples=150)
def test_what_is_known_stands_in_the_template_and_is_read_as_it_was(long: str, line: str, name: str) -> None:
    form = known(long, line, name)
    read = tomllib.loads(toml_of(form, "https://weights.example.org"))
    # TOML reads a line break of any system as "\n"; nothing else may change.
    assert read["answers"] == form.earlier.answers
    assert read["summary_of_use"] == long
    assert (read["evidence"]["profiles"], read["signatory"]["name"]) == ([line], name)
    assert json_of(form)["answers"] == form.earlier.answers


@given(TEXTS, TEXTS, TEXTS)
@settings(max_examples=80)
def test_no_word_of_a_portal_leaves_its_comment(label: str, help_: str, asked: str) -> None:
    question = Question("purpose", label or "x", "text", required=True, help=help_, why=asked)
    form = replace(FORM, questions=(question,), title=label, url=help_, asked_for=asked)
    assert tomllib.loads(toml_of(form, "https://weights.example.org")).keys() == {
        "releases", "license", "answers", "evidence", "signatory",
    }  # fmt: skip


def test_a_line_is_that_of_the_key_and_not_of_what_a_long_answer_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = '[answers]\npurpose = """\nplace = 1\n[evidence]\n"""\nplace = 2\n\n[[co_applicants]]\nname = ""\n'
    text += 'email = "x"\n'
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    file = read_answers("-")
    assert (file.lines["answers.place"], file.lines["co_applicants.0.email"]) == (6, 10)
    assert "evidence" not in file.lines


@pytest.mark.parametrize(
    ("document", "key"),
    [
        ({"license": "x"}, "license.sha256"),
        ({"answers": []}, "answers"),
        ({"answers": {"alone": "yes"}}, "answers.alone"),
        ({"answers": {"place": "two\nlines"}}, "answers.place"),
        ({"answers": {"place": "x" * 501}}, "answers.place"),
        ({"answers": {"purpose": 7}}, "answers.purpose"),
        ({"evidence": {"profiles": ["http://example.org"]}}, "evidence.profiles.0"),
        ({"evidence": {"pages": []}}, "evidence"),
        ({"evidence": {"references": [{"name": "A"}]}}, "evidence.references.0.email"),
        ({"co_applicants": {"name": "A"}}, "co_applicants"),
        ({"co_applicants": [{"name": n, "email": "a@b.c"} for n in "abc"]}, "co_applicants"),
        ({"co_applicants": [{"name": "A", "email": "nobody"}]}, "co_applicants.0.email"),
        ({"signatory": 3}, "signatory"),
        ({"summary_of_use": "A paper."}, "summary_of_use"),
        ({"releases": ["opt-66b"]}, "releases"),
        ({"status": "approved"}, "status"),
    ],
)
def test_each_fault_has_its_key(document: dict[str, object], key: str) -> None:
    _, faults = checked(document, FORM, complete=True)
    assert key in [fault.key for fault in faults]


def test_an_empty_file_lacks_all_that_is_needed_and_as_a_draft_nothing() -> None:
    _, faults = checked({}, FORM, complete=True)
    assert {fault.key for fault in faults} == {
        "license.sha256", "answers.purpose", "answers.alone", "evidence", "signatory",
    }  # fmt: skip
    assert checked({}, FORM, complete=False)[1] == []


def test_a_text_goes_out_exactly_and_on_a_terminal_without_what_moves_its_cursor() -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    text, file, screen = "One.\n\tTwo \x1b[2J?token=x\n", io.StringIO(), Screen()
    Output(stdout=file).exact(text)
    Output(stdout=screen).exact(text)
    assert file.getvalue() == text
    assert screen.getvalue() == "One.\n\tTwo [2J?token=x\n"
