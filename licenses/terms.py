"""The [terms] table of a release file: read, checked, and turned into what `ReleaseTerms` keeps.

Pure but for the license text, which the caller reads (`license_text` names a file beside the release file).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from licenses import manuscripts, questionnaire, summary, texts
from licenses.manuscripts import MAX_LICENSE_CHARACTERS
from licenses.questionnaire import Errors, Question
from portal.core.problems import Invalid

STRATEGIES = ("open", "click_through", "request", "api_only")
STAGES = ("closed", "partners", "researchers", "public")
AFFILIATION_RULES = ("suspend", "keep")
MAX_GRANT_DAYS = 3650
MAX_CO_APPLICANTS = 50
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_ORGANIZATION = re.compile(r"org_[a-z2-7]{24}")


@dataclass(frozen=True)
class Terms:
    """A checked [terms] table. Fields as in `ReleaseTerms`; license_text is the text itself.

    summary: the structured terms of the license version that a new text makes (`licenses.summary`).
    """

    license: str
    license_name: str
    license_text: str
    strategy: str = "request"
    stage: str = "closed"
    quorum: int = 2
    grant_days: int = 365
    postquantum_only: bool = False
    exclude_reviewer_organization: bool = True
    signatory: bool = False
    max_co_applicants: int = 10
    on_affiliation_end: str = "suspend"
    exclude_countries: list[str] = field(default_factory=list)
    partners: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)


def normalize_license(text: str) -> str:
    """Return the text in the form that is hashed and signed: "\\n" line ends, one at the end.

    So the same text from another system's editor is the same version.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n") + "\n"


def check_license_text(text: str) -> str:
    """Return what is wrong with a license text, or ""."""
    if not text.strip():
        return "The license text is empty."
    kept, wrong = texts.clean(text, multiline=True, max_characters=MAX_LICENSE_CHARACTERS)
    return wrong or manuscripts.fault(kept)


def check_terms(table: Mapping[str, Any], license_text: str) -> Terms:
    """Return the terms of a [terms] table.

    license_text: content of the file that the table names.
    Raises: Invalid(errors): every fault at once, by field: "quorum", "questions.0.kind", …
    """
    errors: Errors = {
        str(name): ["There is no such setting."]
        for name in table.keys() - (Terms.__dataclass_fields__.keys())
    }
    for name in ("license", "license_name"):
        if name not in table:
            errors[name] = ["This is needed."]
    for name, wrong in _CHECKS.items():
        if name in table and (said := wrong(table[name])):
            errors[name] = [said]
    if said := check_license_text(license_text):
        errors["license_text"] = [said]
    questions, wrong_questions = questionnaire.check_questions(table.get("questions", []))
    errors.update(wrong_questions)
    said_in_short, wrong_summary = summary.check_summary(table.get("summary"))
    errors.update({f"summary.{name}".rstrip("."): wrong for name, wrong in wrong_summary.items()})
    if errors:
        raise Invalid(
            "terms_invalid",
            "The [terms] table of the release file has faults: "
            + "; ".join(f"{k}: {v[0]}" for k, v in errors.items()),
            "Correct them and apply the file again. Nothing was changed.",
            errors=errors,
        )
    given = {name: table[name] for name in Terms.__dataclass_fields__ if name in table}
    read = {"license_text": normalize_license(license_text), "questions": questions, "summary": said_in_short}
    return Terms(**{**given, **read})


def check_rules(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """See that each of these, by its name in a [terms] table, is what such a table may say.

    Raises: Invalid(errors): every fault at once, by name.
    """
    read = dict(wanted)
    known = _CHECKS.keys() & wanted.keys()
    errors = {name: [said] for name in known if (said := _CHECKS[name](wanted[name]))}
    errors |= {name: ["There is no such setting."] for name in wanted.keys() - _CHECKS.keys() - {"questions"}}
    if "questions" in wanted:
        read["questions"], wrong = questionnaire.check_questions(wanted["questions"])
        errors |= wrong
    if errors:
        raise Invalid("terms_invalid", "These terms cannot be.", "Correct them.", errors=errors)
    return read


def _one_of(options: tuple[str, ...]) -> Callable[[object], str]:
    return lambda value: "" if value in options else f"This must be one of {', '.join(options)}."


def _boolean(value: object) -> str:
    return "" if isinstance(value, bool) else "This must be true or false."


def _whole(least: int, most: int) -> Callable[[object], str]:
    def check(value: object) -> str:
        fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        return "" if fits else f"This must be a whole number from {least} to {most}."

    return check


def _list_of(pattern: re.Pattern[str], said: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        fits = isinstance(value, list) and all(
            isinstance(item, str) and pattern.fullmatch(item) for item in value
        )
        return "" if fits else said

    return check


def _license_slug(value: object) -> str:
    fits = isinstance(value, str) and _SLUG.fullmatch(value)
    return "" if fits else "This must be a short name of lower-case letters, digits and -, such as “opt-nc”."


def _license_name(value: object) -> str:
    text, wrong = texts.clean(value, multiline=False, max_characters=200)
    return wrong or ("" if text else "This is needed.")


_CHECKS: dict[str, Callable[[object], str]] = {
    "license": _license_slug,
    "license_name": _license_name,
    "strategy": _one_of(STRATEGIES),
    "stage": _one_of(STAGES),
    "quorum": _whole(1, 2),
    "grant_days": _whole(1, MAX_GRANT_DAYS),
    "postquantum_only": _boolean,
    "exclude_reviewer_organization": _boolean,
    "signatory": _boolean,
    "max_co_applicants": _whole(0, MAX_CO_APPLICANTS),
    "on_affiliation_end": _one_of(AFFILIATION_RULES),
    "exclude_countries": _list_of(
        _COUNTRY, "This must be a list of two-letter country codes, such as [“AQ”]."
    ),
    "partners": _list_of(_ORGANIZATION, "This must be a list of organization ids, such as [“org_…”]."),
}
