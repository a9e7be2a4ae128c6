"""Who an applicant is, where no institution's mail address says so: shapes and checks, without any I/O.

Evidence is {profiles: [URL], references: [{name, email, relation}]}. It is what people say of themselves: the
portal opens no address and writes to no reference. Staff read it, and look for themselves.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from licenses import texts

MAX_PROFILES = 5
MAX_REFERENCES = 3
MAX_URL_CHARACTERS = 300
REFERENCE_FIELDS = ("name", "email", "relation")

Evidence = dict[str, Any]
Errors = dict[str, list[str]]
MISSING = "Name at least one page that shows who you are, or one person who knows your work."


def check_evidence(value: object) -> tuple[Evidence, Errors]:
    """Return (the evidence as it is kept, errors by field such as "references.0.email").

    Empty lines are left out; with nothing said the evidence is {}.
    """
    if not isinstance(value, Mapping):
        return {}, {"evidence": ["This must hold “profiles” and “references”."]}
    unknown = value.keys() - {"profiles", "references"}
    errors: Errors = {str(name): ["There is no such field."] for name in unknown}
    profiles = _checked_profiles(value.get("profiles", []), errors)
    references = _checked_references(value.get("references", []), errors)
    kept = {"profiles": profiles, "references": references}
    return {name: said for name, said in kept.items() if said}, errors


def _checked_profiles(value: object, errors: Errors) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_PROFILES:
        errors["profiles"] = [f"This must be a list of at most {MAX_PROFILES} addresses."]
        return []
    kept: list[str] = []
    for index, raw in enumerate(value):
        address, wrong = texts.clean(raw, multiline=False, max_characters=MAX_URL_CHARACTERS)
        wrong = wrong or (_wrong_with_address(address) if address else "")
        if wrong:
            errors[f"profiles.{index}"] = [wrong]
        elif address and address not in kept:
            kept.append(address)
    return kept


def _wrong_with_address(address: str) -> str:
    """What is wrong with the address of a page. https alone: it says which site answers for it."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "This is not the address of a page."
    if parts.scheme != "https":
        return "This must begin with https://."
    if "." not in host or parts.username is not None or any(mark.isspace() for mark in address):
        return "This is not the address of a page, such as https://orcid.org/0000-0002-1825-0097."
    return ""


def _checked_references(value: object, errors: Errors) -> list[dict[str, str]]:
    if not isinstance(value, list) or len(value) > MAX_REFERENCES:
        errors["references"] = [f"This must be a list of at most {MAX_REFERENCES} people."]
        return []
    checked = [_checked_reference(raw, f"references.{index}", errors) for index, raw in enumerate(value)]
    return [reference for reference in checked if reference]


def _checked_reference(raw: object, place: str, errors: Errors) -> dict[str, str]:
    if not isinstance(raw, Mapping) or raw.keys() - set(REFERENCE_FIELDS):
        errors[place] = ["This must hold name, email and relation."]
        return {}
    said = {name: texts.clean(raw.get(name) or "", multiline=False) for name in REFERENCE_FIELDS}
    wrong = {name: fault for name, (_, fault) in said.items() if fault}
    kept = {name: text for name, (text, _) in said.items()}
    if not any(kept.values()) and not wrong:
        return {}
    wrong |= {name: "This is needed." for name, text in kept.items() if not text and name not in wrong}
    if "email" not in wrong and not _is_address(kept["email"]):
        wrong["email"] = "This is not a mail address."
    errors.update({f"{place}.{name}": [fault] for name, fault in wrong.items()})
    return kept


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
