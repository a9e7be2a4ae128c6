"""Entries: the bytes of one event, and commitments to what must not stand in them.

Specification: docs/reference/audit-log.md, sections 3 and 4.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from ..canonical import MAX_INTEGER, dumps

SALT_SIZE = 16
ENTRY_KEYS = frozenset({"v", "event", "at", "kind", "by", "subject", "data"})

_COMMITMENT_DOMAIN = b"weights-portal commitment v1\n"
# One encoder for all entries: making one a call would cost as much as the encoding.
_write = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode


def entry_bytes(event: Mapping[str, object]) -> bytes:
    """Return the canonical UTF-8 bytes of one event: what the tree's leaf is the hash of.

    event: "event" (its number), "at" (an aware datetime, or its text as in an entry), "kind", "by",
        "subject", "data" (a JSON object without fractions); "v" may stand there too, as 1.
    Raises: RuntimeError: something else in it, or something that canonical JSON does not have.
    Source: docs/reference/audit-log.md, section 3.
    """
    if not ENTRY_KEYS - {"v"} <= event.keys() <= ENTRY_KEYS or event.get("v", 1) != 1:
        raise RuntimeError("an entry has exactly the fields of docs/reference/audit-log.md, section 3")
    at = event["at"]
    value = {**event, "v": 1, "at": write_moment(at) if isinstance(at, datetime) else at}
    if not _plain(value):
        return dumps(value)
    try:
        return _write(value).encode()
    except UnicodeEncodeError:
        raise RuntimeError("canonical JSON has no lone surrogates") from None


def write_moment(moment: datetime) -> str:
    """Return `2026-11-21T13:00:00.000000Z`: UTC, always six digits."""
    if moment.tzinfo is None:
        raise RuntimeError("times here are aware")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def commit(salt: bytes, field: str, value: object) -> str:
    """Return the lowercase hex of the commitment to one value of one field.

    salt: SALT_SIZE random bytes, fresh for each value: without them short values could be guessed.
    value: JSON without fractions.
    Raises: RuntimeError: a salt of another size, or a value that canonical JSON does not have.
    Source: docs/reference/audit-log.md, section 4.
    """
    if len(salt) != SALT_SIZE:
        raise RuntimeError(f"the salt of a commitment has {SALT_SIZE} bytes")
    named = field.encode() + b"\0"  # ends the name: no field and value run into another pair
    return hashlib.sha256(_COMMITMENT_DOMAIN + salt + named + dumps(value)).hexdigest()


def _plain(value: object) -> bool:
    """Whether the C encoder writes this as RFC 8785 does; what it is not sure of, `dumps` settles.

    Exact types: of fractions, great numbers and keys that are no text the encoder would make something.
    Sorting by code points is sorting by UTF-16 where keys are ASCII.
    """
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return -MAX_INTEGER <= value <= MAX_INTEGER  # type: ignore[operator]
    if kind is dict:
        for key, item in value.items():  # type: ignore[attr-defined]
            if type(key) is not str or not key.isascii() or (type(item) is not str and not _plain(item)):
                return False
        return True
    if kind is list:
        return all(map(_plain, value))  # type: ignore[call-overload]
    return False
