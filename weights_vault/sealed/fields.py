"""The fields of signed documents: their patterns, and reading them one by one.

Every document names exactly its keys: a missing one and an unknown one are both refused, since a reader
that skips what it does not know may skip what matters.

Specification: docs/reference/sealed-format.md, sections 2 and 7.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime

from .canonical import MAX_INTEGER, Json
from .errors import Malformed

ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
REVISION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")  # portals, origins, accounts
DIGEST = re.compile(r"[0-9a-f]{64}")  # SHA-256 and BLAKE3-256
NONCE = re.compile(r"[0-9a-f]{32}")
ANYTHING = re.compile(r"(?s).*")

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def whole_second(moment: datetime) -> datetime:
    """Return an aware time in UTC without its fraction: what documents can carry."""
    if moment.tzinfo is None:
        raise RuntimeError("times here are aware")
    return moment.astimezone(UTC).replace(microsecond=0)


def write_time(moment: datetime) -> str:
    """Return `2026-11-20T23:41:00Z`."""
    return f"{whole_second(moment):%Y-%m-%dT%H:%M:%SZ}".rjust(20, "0")


def read_time(text: str, error: type[Malformed] = Malformed) -> datetime:
    """Return the aware UTC time of `2026-11-20T23:41:00Z`; no other form is taken."""
    try:
        if _TIME.fullmatch(text):
            return datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        pass
    raise error("a time is not of the form 2026-11-20T23:41:00Z")


class Fields:
    """One object of a document, read field by field. Each reader raises the document's own error."""

    def __init__(self, value: Json, keys: Collection[str], error: type[Malformed], where: str) -> None:
        """keys: exactly the keys of the object. where: its name in messages."""
        self._error = error
        self._where = where
        if not isinstance(value, dict) or set(value) != set(keys):
            raise error(f"{where} has not exactly the fields {', '.join(sorted(keys))}")
        self._value = value

    def text(self, key: str, pattern: re.Pattern[str] = ANYTHING) -> str:
        """A text that is `pattern` from end to end."""
        value = self._value[key]
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self.wrong(key)
        return value

    def optional_text(self, key: str, pattern: re.Pattern[str]) -> str | None:
        """As `text`, or None for null; the field itself is never left out."""
        return None if self._value[key] is None else self.text(key, pattern)

    def number(self, key: str, minimum: int = 0, maximum: int = MAX_INTEGER) -> int:
        """A whole number from `minimum` to `maximum`, both included; true and false are none."""
        value = self._value[key]
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise self.wrong(key)
        return value

    def flag(self, key: str) -> bool:
        """True or false, and no number that would pass for one."""
        value = self._value[key]
        if not isinstance(value, bool):
            raise self.wrong(key)
        return value

    def time(self, key: str) -> datetime:
        """An aware UTC time, as `read_time` takes it."""
        return read_time(self.text(key), self._error)

    def items(self, key: str, minimum: int, maximum: int) -> list[Json]:
        """A list of `minimum` to `maximum` items, both included, unread."""
        value = self._value[key]
        if not isinstance(value, list) or not minimum <= len(value) <= maximum:
            raise self.wrong(key)
        return value

    def numbers(self, key: str, minimum: int, maximum: int) -> tuple[int, ...]:
        """Whole numbers from 0; `minimum` and `maximum` bound how many."""
        read = tuple(
            item
            for item in self.items(key, minimum, maximum)
            if isinstance(item, int) and not isinstance(item, bool) and item >= 0
        )
        if len(read) != len(self.items(key, minimum, maximum)):
            raise self.wrong(key)
        return read

    def texts(self, key: str, minimum: int, maximum: int, pattern: re.Pattern[str]) -> tuple[str, ...]:
        """Distinct texts, in the document's order."""
        words = tuple(word for word in self.items(key, minimum, maximum) if isinstance(word, str))
        distinct = len(set(words)) == len(self.items(key, minimum, maximum))
        if not distinct or not all(pattern.fullmatch(word) for word in words):
            raise self.wrong(key)
        return words

    def texts_by_name(
        self, key: str, maximum: int, names: re.Pattern[str], texts: re.Pattern[str]
    ) -> dict[str, str]:
        """An object of at most `maximum` texts: each name is one of `names`, each text one of `texts`."""
        value = self._value[key]
        if not isinstance(value, dict) or len(value) > maximum:
            raise self.wrong(key)
        read: dict[str, str] = {}
        for name, word in value.items():
            if not names.fullmatch(name) or not isinstance(word, str) or not texts.fullmatch(word):
                raise self.wrong(key)
            read[name] = word
        return read

    def value(self, key: str) -> Json:
        """Whatever stands there, unread."""
        return self._value[key]

    def inner(self, key: str, keys: Collection[str]) -> Fields:
        """An object within this one, with exactly `keys`, to be read the same way."""
        return Fields(self._value[key], keys, self._error, f"{key} of {self._where}")

    def wrong(self, key: str) -> Malformed:
        """Return the document's error about this field; it names the field and never repeats its value."""
        return self._error(f"{key} of {self._where} is not what the format allows")
