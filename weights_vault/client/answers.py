"""Reads the fields of the portal's JSON with the types that the API promises, and refuses any other.

A field that is absent or null gives the empty value of its type; one of another type is the portal's fault
and never reaches a command. Texts come out as one line, because they stand beside words of our own.
Source: docs/reference/api.md.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

from weights_vault.client.errors import PortalFault

Json: TypeAlias = dict[str, Any]
_Read = TypeVar("_Read")


def text(answer: Json, name: str) -> str:
    """A text in one line, "" where there is none. Raises: PortalFault(portal-answer-unexpected)."""
    value = _of_type(answer, name, str, "a text")
    return " ".join(value.split()) if value is not None else ""


def needed_text(answer: Json, name: str) -> str:
    """A text that no answer may lack. Raises: PortalFault(portal-answer-unexpected)."""
    found = text(answer, name)
    if not found:
        raise unexpected(f"It has no {name}.")
    return found


def texts(answer: Json, name: str) -> list[str]:
    """A list of texts, each in one line. Raises: PortalFault(portal-answer-unexpected)."""
    found = _list(answer, name)
    if not all(isinstance(each, str) for each in found):
        raise unexpected(f"Its {name} should be a list of texts.")
    return [" ".join(each.split()) for each in found]


def whole(answer: Json, name: str) -> int | None:
    """A whole number, at least 0. Raises: PortalFault(portal-answer-unexpected)."""
    value = _of_type(answer, name, int, "a whole number")
    if value is not None and (isinstance(value, bool) or value < 0):
        raise unexpected(f"Its {name} should be a whole number.")
    return value


def part(answer: Json, name: str) -> Json:
    """An object inside, {} where there is none. Raises: PortalFault(portal-answer-unexpected)."""
    return _of_type(answer, name, dict, "an object") or {}


def parts(answer: Json, name: str) -> list[Json]:
    """A list of objects. Raises: PortalFault(portal-answer-unexpected)."""
    found = _list(answer, name)
    if not all(isinstance(each, dict) for each in found):
        raise unexpected(f"Its {name} should be a list of objects.")
    return found


def unexpected(why: str) -> PortalFault:
    """The error for JSON that is not what the API promises."""
    return PortalFault(
        "portal-answer-unexpected",
        "The portal's answer is not what this command expects.",
        why,
        "Check that --portal names a Weights Portal and that this command is up to date; "
        "else tell the portal's staff.",
    )


def unreadable(why: str) -> PortalFault:
    """The error for bytes that are no answer of a Weights Portal at all."""
    return PortalFault(
        "answer-unreadable",
        "The portal's answer cannot be read.",
        why,
        "Check that --portal names a Weights Portal; if it does, tell its staff.",
    )


def _list(answer: Json, name: str) -> list[Any]:
    return _of_type(answer, name, list, "a list") or []


def _of_type(answer: Json, name: str, kind: type[_Read], words: str) -> _Read | None:
    value = answer.get(name)
    if value is None:
        return None
    if not isinstance(value, kind):
        raise unexpected(f"Its {name} should be {words}.")
    return value
