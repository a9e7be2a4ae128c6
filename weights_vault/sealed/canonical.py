"""JSON, written one way and read strictly.

Writing is RFC 8785 for a subset of the types: str, int, bool, None, list, dict. There are no fractions:
what needs them is written as text (`float.hex()`), since two languages seldom print one number alike.

Reading refuses what parsers disagree about (duplicate keys, lone surrogates, huge numbers) and bounds what
parsing costs before it starts.

Specification: docs/reference/sealed-format.md, section 7.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NoReturn, TypeAlias

from .errors import Malformed

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

MAX_INTEGER = 2**53 - 1
_MAX_INTEGER_DIGITS = 16
_STRUCTURAL = (b"{", b"[", b",", b":")


def dumps(value: object) -> bytes:
    """Return the canonical UTF-8 bytes of `value`.

    value: str, int with |n| < 2**53, bool, None, lists and tuples, dicts with str keys.
    Raises: RuntimeError: anything else in it. Writing a document is the caller's own doing.
    """
    try:
        return json.dumps(
            _canonical(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode("utf-8")
    except UnicodeEncodeError:
        raise RuntimeError("canonical JSON has no lone surrogates") from None


def loads_strict(data: bytes, *, max_bytes: int, max_depth: int, max_items: int = 16_384) -> Json:
    """Return the value of a JSON document.

    data: UTF-8. max_bytes: refused unparsed beyond it. max_depth: of nested arrays and objects.
    max_items: refused unparsed if `{`, `[`, `,` and `:` together are more; bounds the memory that parsing
        takes.
    Raises: Malformed.
    Source: docs/reference/sealed-format.md, section 7.
    """
    if len(data) > max_bytes:
        raise Malformed(f"the document has {len(data)} bytes; at most {max_bytes} are read")
    if sum(data.count(mark) for mark in _STRUCTURAL) > max_items:
        raise Malformed(f"the document has more than {max_items} items")
    try:
        value: Json = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except UnicodeDecodeError:
        raise Malformed("the document is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"the document is not JSON at character {error.pos}") from None
    except RecursionError:
        raise Malformed(f"the document is nested deeper than {max_depth}") from None
    _check_tree(value, max_depth)
    return value


def _canonical(value: object) -> object:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int) and -MAX_INTEGER <= value <= MAX_INTEGER:
        return value
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        # UTF-16 order differs from code point order beyond the basic plane (RFC 8785, section 3.2.3).
        keys = sorted(value, key=lambda key: str(key).encode("utf-16-be", "surrogatepass"))
        return {key: _canonical(value[key]) for key in keys}
    raise RuntimeError(f"canonical JSON has no {type(value).__name__} like this")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Malformed("the document has an object with a key twice", reference="json-duplicate-key")
    return value


def _integer(text: str) -> int:
    # Bounded before conversion: reading a long number is quadratic.
    if len(text.lstrip("-")) > _MAX_INTEGER_DIGITS or text == "-0":
        _refuse_number(text)
    number = int(text)
    if abs(number) > MAX_INTEGER:
        _refuse_number(text)
    return number


def _refuse_number(text: str) -> NoReturn:
    raise Malformed("the document has a number that is no whole number below 2**53")


def _check_tree(value: Json, max_depth: int) -> None:
    """Check depth, and that UTF-8 can carry every text, level by level and without recursion."""
    level: list[Json] = [value]
    depth = 0
    while level:
        below: list[Json] = []
        for item in level:
            if isinstance(item, dict):
                _check_text(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, str):
                _check_text((item,))
        if depth == max_depth and any(isinstance(item, (dict, list)) for item in level):
            raise Malformed(f"the document is nested deeper than {max_depth}")
        level = below
        depth += 1


def _check_text(words: Iterable[str]) -> None:
    for word in words:
        if not word.isascii() and any("\ud800" <= character <= "\udfff" for character in word):
            raise Malformed("the document has a lone surrogate")
