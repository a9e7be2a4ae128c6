"""The one parser: JSON objects, refused where two readers could understand them differently."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

# Answers to a questionnaire are the longest thing anybody sends; recipients are 2,000 characters.
MAX_BODY_BYTES = 1_048_576
MAX_DEPTH = 16


class StrictJSONParser(BaseParser):
    """Read one JSON object: UTF-8, no key twice, no NaN, no number beyond 2^53, bounded in size and depth.

    A key given twice lets the checker and the doer each see another value, so it is refused.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        raw = stream.read(MAX_BODY_BYTES + 1)
        if len(raw) > MAX_BODY_BYTES:
            raise ParseError(f"The body is larger than {MAX_BODY_BYTES} bytes.")
        try:
            parsed = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except UnicodeDecodeError:
            raise ParseError("The body is not UTF-8.") from None
        except ValueError as error:
            raise ParseError(f"The body is not one JSON object: {error}.") from None
        if not isinstance(parsed, dict):
            raise ParseError("The body must be one JSON object.")
        _check(parsed, depth=1)
        return parsed


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands in it twice")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def _check(value: Any, *, depth: int) -> None:
    """Refuse what the database or another reader cannot hold: depth, NUL, lone surrogates."""
    if depth > MAX_DEPTH:
        raise ParseError("The body is nested too deeply.")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key)
            _check(inner, depth=depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check(inner, depth=depth + 1)
    elif isinstance(value, str):
        _check_text(value)
    elif isinstance(value, int | float) and abs(value) > 2**53:
        raise ParseError("A number in the body is too large.")


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise ParseError("The body holds a NUL character.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ParseError("The body holds half a surrogate pair.") from None
