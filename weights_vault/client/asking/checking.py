"""What an answer file says, against what the form asks: everything that is wrong, at once. Pure.

The portal checks all of it again; here a person learns of every fault before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from weights_vault.client.asking.form import REQUIRED, Form, Question, Said
from weights_vault.client.sendable import unsendable

MAX_LINE_CHARACTERS = 500
MAX_TEXT_CHARACTERS = 10_000
MAX_PROFILES, MAX_REFERENCES = 5, 3
EMPTY = "this is needed, and it is empty"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KNOWN = frozenset(
    {
        "releases",
        "license",
        "answers",
        "evidence",
        "summary_of_use",
        "co_applicants",
        "signatory",
        "questions",
    }
)


class Fault(NamedTuple):
    """One thing that is wrong. key: such as `answers.purpose`. said: in words."""

    key: str
    said: str


Report = Callable[[str, str], None]


def checked(document: Mapping[str, Any], form: Form, *, complete: bool) -> tuple[Said, list[Fault]]:
    """What is said, and every fault in the order of the file. complete: gaps are faults too."""
    faults: list[Fault] = []

    def report(key: str, said: str) -> None:
        faults.append(Fault(key, said))

    for name in document.keys() - _KNOWN:
        report(name, f"there is no such key; known are {', '.join(sorted(_KNOWN))}")
    if (named := document.get("releases")) is not None and sorted(map(str, _list(named))) != sorted(
        form.releases
    ):
        report("releases", f"the file is for others than {' '.join(form.releases)}")
    said = Said(
        license_sha256=_license(document.get("license"), report, complete=complete),
        summary_of_use=_summary(document, form, report, complete=complete),
        answers=_answers(document.get("answers", {}), form, report, complete=complete),
        evidence=_evidence(document.get("evidence", {}), form, report, complete=complete),
        co_applicants=_co_applicants(document.get("co_applicants", []), form, report),
        signatory=_signatory(document.get("signatory", {}), form, report, complete=complete),
    )
    return said, faults


def check_answer(question: Question, answer: object) -> str:
    """What is wrong with one answer, or "". An empty one is not wrong here."""
    if question.kind == "confirm":
        return "" if isinstance(answer, bool) else "this must be true or false"
    most = MAX_TEXT_CHARACTERS if question.kind == "long_text" else MAX_LINE_CHARACTERS
    if wrong := _wrong_text(answer, most, multiline=question.kind == "long_text"):
        return wrong
    if question.kind == "choice" and answer and answer not in question.choices:
        return f"this is none of the choices ({', '.join(question.choices)})"
    return ""


def _license(said: object, report: Report, *, complete: bool) -> str:
    sha256 = said.get("sha256", "") if isinstance(said, Mapping) else ""
    if isinstance(sha256, str) and _SHA256.fullmatch(sha256):
        return sha256
    if complete or sha256:
        report("license.sha256", "this must be the SHA-256 of the license text that you read (64 hex digits)")
    return ""


def _summary(document: Mapping[str, Any], form: Form, report: Report, *, complete: bool) -> str:
    said = document.get("summary_of_use", "")
    if wrong := _wrong_text(said, MAX_TEXT_CHARACTERS, multiline=True):
        report("summary_of_use", wrong)
    elif said and not form.renewal:
        report("summary_of_use", "this is of a renewal, and you ask for the first time")
    elif complete and form.renewal and not said.strip():
        report("summary_of_use", EMPTY)
    return said.strip() if isinstance(said, str) else ""


def _answers(said: object, form: Form, report: Report, *, complete: bool) -> dict[str, Any]:
    if not isinstance(said, Mapping):
        report("answers", "this must be a table: [answers]")
        return {}
    known = {question.id: question for question in form.questions}
    for name in said.keys() - known.keys():
        report(f"answers.{name}", "there is no such question")
    kept: dict[str, Any] = {}
    for name, question in known.items():
        answer = said.get(name, False if question.kind == "confirm" else "")
        if wrong := check_answer(question, answer):
            report(f"answers.{name}", wrong)
        elif isinstance(answer, str) and answer.strip():
            kept[name] = answer.strip()
        elif answer is True:
            kept[name] = True
        elif complete and question.required:
            report(f"answers.{name}", "please confirm this (true)" if question.kind == "confirm" else EMPTY)
    return kept


def _evidence(said: object, form: Form, report: Report, *, complete: bool) -> dict[str, Any]:
    if not isinstance(said, Mapping) or said.keys() - {"profiles", "references"}:
        report("evidence", "this must hold profiles and references")
        return {}
    profiles = [each for each in _list(said.get("profiles", [])) if each != ""]
    for index, each in enumerate(profiles):
        if not isinstance(each, str) or not each.startswith("https://"):
            report(
                f"evidence.profiles.{index}", "this must be the address of a page, beginning with https://"
            )
    if len(profiles) > MAX_PROFILES:
        report("evidence.profiles", f"at most {MAX_PROFILES} pages are possible")
    references = _people(
        said.get("references", []), "evidence.references", ("name", "email", "relation"), report
    )
    if len(references) > MAX_REFERENCES:
        report("evidence.references", f"at most {MAX_REFERENCES} people are possible")
    if complete and form.evidence == REQUIRED and not profiles and not references:
        report("evidence", "name at least one page that shows who you are, or one person who knows your work")
    kept = {"profiles": profiles, "references": references}
    return {name: each for name, each in kept.items() if each}


def _co_applicants(said: object, form: Form, report: Report) -> tuple[dict[str, str], ...]:
    people = _people(said, "co_applicants", ("name", "email"), report)
    if len(people) > form.max_co_applicants:
        report("co_applicants", f"at most {form.max_co_applicants} can ask together with you")
    return tuple(people)


def _signatory(said: object, form: Form, report: Report, *, complete: bool) -> dict[str, str]:
    people = _people([said], "signatory", ("name", "email"), report)
    if people and not form.signatory:
        report("signatory", "the terms of this release demand no signatory")
    if complete and form.signatory and not people:
        report("signatory", "the terms demand that somebody signs for your institution: name and email")
    return people[0] if people else {}


def _people(said: object, key: str, fields: tuple[str, ...], report: Report) -> list[dict[str, str]]:
    """The people of a list; whoever has no field filled in is nobody."""
    kept: list[dict[str, str]] = []
    if not isinstance(said, list):
        report(key, f"this must be a list of tables: [[{key}]]")
        return kept
    for index, raw in enumerate(said):
        place = key if key == "signatory" else f"{key}.{index}"
        if not isinstance(raw, Mapping) or raw.keys() - set(fields):
            report(place, f"this must hold {', '.join(fields)}")
            continue
        person = {name: str(raw.get(name, "")).strip() for name in fields}
        if not any(person.values()):
            continue
        for name in fields:
            if not person[name]:
                report(f"{place}.{name}", EMPTY)
        if person["email"] and "@" not in person["email"]:
            report(f"{place}.email", "this is not a mail address")
        kept.append(person)
    return kept


def _wrong_text(said: object, most: int, *, multiline: bool) -> str:
    if not isinstance(said, str):
        return "this must be text, between quotes"
    if unsendable(said):
        return "this holds a character that is none (NUL, or half of one)"
    if len(said.strip()) > most:
        return f"this is {len(said.strip()):,} characters long; at most {most:,} are possible"
    if not multiline and "\n" in said.strip():
        return "this must stand on one line"
    return ""


def _list(said: object) -> list[Any]:
    return said if isinstance(said, list) else [said]
