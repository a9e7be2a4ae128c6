"""The answer file that people fill in: TOML with every question explained, or the same as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from weights_vault.client.answers import Json
from weights_vault.client.asking.form import REQUIRED, Form, Question
from weights_vault.client.output import plain

_WIDTH = 96


def toml_of(form: Form, portal: str) -> str:
    """The form as TOML: explained in comments, with what is known already filled in."""
    return "\n".join([*_head(form, portal), *_answers(form), *_evidence(form), *_team(form)]) + "\n"


def json_of(form: Form) -> Json:
    """The form as JSON. `questions` is there to be read; what stands in it is not sent."""
    earlier, license_ = form.earlier, form.license
    said: Json = {
        "releases": list(form.releases),
        "license": {"name": license_.name, "version": license_.number, "sha256": license_.sha256},
        **({"summary_of_use": earlier.summary_of_use} if form.renewal else {}),
        "answers": {question.id: _known(form, question) for question in form.questions},
    }
    if form.evidence:
        said["evidence"] = {"profiles": [], "references": [], **earlier.evidence}
    if form.max_co_applicants:
        said["co_applicants"] = list(earlier.co_applicants)
    if form.signatory:
        said["signatory"] = earlier.signatory or {"name": "", "email": ""}
    return {
        **said,
        "questions": [vars(question) | {"choices": list(question.choices)} for question in form.questions],
    }


def _head(form: Form, portal: str) -> Iterator[str]:
    names, license_ = " ".join(form.releases), form.license
    yield from _comment(f"A request for {form.title} at {portal}.")
    yield from _comment(
        "Answer between the quotes. Lines like this one explain, and are not sent. When you are done: "
        f"weights request {names} --answers FILE"
    )
    if form.asked_for:
        yield "#"
        yield from _comment(f"What the reviewers ask you to change: {form.asked_for}")
    yield ""
    yield f"releases = [{', '.join(_string(each) for each in form.releases)}]"
    if form.renewal:
        yield from ("", *_comment("What did you do with the weights so far? A few sentences. (needed)"))
        yield f"summary_of_use = {_long(form.earlier.summary_of_use)}"
    yield ""
    yield from _comment(
        "The license under which you ask. Read it before you send this: the hash says which text you read. "
        f"{form.url}"
    )
    yield "[license]"
    yield f"name = {_string(license_.name)}"
    yield f"version = {license_.number}"
    yield f"sha256 = {_string(license_.sha256)}"


def _answers(form: Form) -> Iterator[str]:
    yield from ("", "[answers]")
    for number, question in enumerate(form.questions, 1):
        needed = "needed" if question.required else "may stay empty"
        yield from ("", *_comment(f"{number}. {question.label} ({needed})"))
        yield from _comment(question.help)
        yield from _comment(f"Why we ask: {question.why}" if question.why else "")
        if question.choices:
            yield from _comment("One of:")
            yield from (f"#   {plain(_string(choice))}" for choice in question.choices)
        yield f"{question.id} = {_value(question, _known(form, question))}"


def _evidence(form: Form) -> Iterator[str]:
    if not form.evidence:
        return
    kept = form.earlier.evidence
    needed = "Needed: your mail address does not say." if form.evidence == REQUIRED else "May stay empty."
    yield from ("", *_comment(f"Who you are. {needed} Pages that show it, each beginning with https://."))
    yield from ("[evidence]", f"profiles = [{', '.join(_string(each) for each in kept.get('profiles', []))}]")
    yield from ("", *_comment("People who know your work: take the # away, once for each person."))
    references = kept.get("references", [])
    fields = ("name", "email", "relation")
    yield from _tables(
        "evidence.references", fields, references or [dict.fromkeys(fields, "")], bool(references)
    )


def _team(form: Form) -> Iterator[str]:
    if form.max_co_applicants:
        known = form.earlier.co_applicants
        yield from ("", *_comment(
            f"Who asks together with you, at most {form.max_co_applicants}: each is asked by mail, must say "
            "yes before the request can be sent, and gets a grant of their own. Take the # away."
        ))  # fmt: skip
        yield from _tables(
            "co_applicants", ("name", "email"), known or [{"name": "", "email": ""}], bool(known)
        )
    if form.signatory:
        known = (form.earlier.signatory or {"name": "", "email": ""},)
        yield from (
            "",
            *_comment("Who signs for your institution: asked by mail, after the approval. (needed)"),
        )
        yield "[signatory]"
        yield from (f"{name} = {_string(known[0].get(name, ''))}" for name in ("name", "email"))


def _tables(name: str, fields: tuple[str, ...], rows: Iterable[Json], known: bool) -> Iterator[str]:
    mark = "" if known else "# "
    for row in rows:
        yield f"{mark}[[{name}]]"
        yield from (f"{mark}{each} = {_string(str(row.get(each, '')))}" for each in fields)


def _known(form: Form, question: Question) -> Any:
    known = form.earlier.answers.get(question.id)
    if question.kind == "confirm":
        return known is True
    return known if isinstance(known, str) else ""


def _value(question: Question, known: Any) -> str:
    if question.kind == "confirm":
        return "true" if known else "false"
    return _long(known) if question.kind == "long_text" else _string(known)


def _comment(said: str) -> Iterator[str]:
    """Nothing that a portal says can leave its comment: each line begins with #."""
    yield from (f"# {line}" for line in textwrap.wrap(plain(said), _WIDTH))


def _string(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def _long(value: str) -> str:
    """A text of several lines, between three quotes."""
    lines = "".join(char if char in '\n"' else _string(char)[1:-1] for char in value)
    escaped = lines.replace('"""', '""\\"')
    return f'"""\n{escaped}"""'
