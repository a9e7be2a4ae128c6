"""Set a document in type: PDF/A-2b from data, the same bytes for the same data, without a browser.

A glyph that no shipped font has would be an empty box, which PDF/A forbids and which says nothing: such a
character is written as its code point, ⟨U+1F600⟩. So are the invisible ones that change how text reads.

typst cannot be interrupted, so it works in a process of its own (`typeset.py`), which ends when its time is
up. What it is given stays within the bounds of `licenses.manuscripts`; this is for what they do not foresee.
"""

import json
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from licenses.agreements.typeset import REFUSED
from licenses.manuscripts import BREAKING

TYPESET: Final = Path(__file__).with_name("typeset.py")
MOST_ROUNDS: Final = 4
# For all rounds; ten times what the largest text within the bounds takes, and less than the job's lease.
MOST_S: Final = 120.0
# Where a longer run has no blank a line may break after so many characters, so that none runs off the sheet.
BREAK_AFTER: Final = 30

# They join letters in several scripts and change no order.
_JOINERS: Final = "\u200c\u200d"
_MISSING: Final = re.compile(r'the text `"((?:[^"\\]|\\.)+)"` could not be displayed')
_RUN: Final = re.compile(rf"[^{BREAKING}]+")
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]+)\}|\\(.)")


class RenderFailed(Exception):
    """The template or its data is at fault: a bug of ours."""


class RenderTooSlow(RenderFailed):
    """The document was not there in MOST_S."""


class _Refused(Exception):
    """typst made no document. message, diagnostic: its own words."""

    def __init__(self, message: str, diagnostic: str) -> None:
        super().__init__(message)
        self.message, self.diagnostic = message, diagnostic


def pdf(contents: dict[str, Any], at: datetime) -> bytes:
    """Return the document as PDF/A-2b.

    contents: what `contents.py` makes; JSON values alone. at: the time of the signature, which the file
        names as its own; so the same contents give the same bytes.
    Raises: RenderFailed; RenderTooSlow among them.
    """
    ends = time.monotonic() + MOST_S
    shown = _mapped(contents, partial(_spelled, spell=_misleads))
    for _ in range(MOST_ROUNDS):
        try:
            return _compile(shown, at, ends)
        except _Refused as error:
            missing = _undisplayable(error)
            if not missing:
                raise RenderFailed(error.message) from error
            shown = _mapped(shown, partial(_spelled, spell=missing.__contains__))
    # Letters and marks that only together have no glyph: plain Latin alone is always there.
    try:
        return _compile(_mapped(shown, partial(_spelled, spell=_is_foreign)), at, ends)
    except _Refused as error:
        raise RenderFailed(error.message) from error


def _compile(contents: dict[str, Any], at: datetime, ends: float) -> bytes:
    """Have the document set in type. ends: until when, by time.monotonic()."""
    # The keywords are read by programs, not set in type: a break in a hash would make it another one.
    set_in_type = {**_mapped(contents, _loosened), "keywords": contents.get("keywords", [])}
    given = {"data": json.dumps(set_in_type), "at": int(at.timestamp())}
    try:
        done = subprocess.run(
            [sys.executable, "-I", TYPESET],
            input=json.dumps(given).encode(),
            capture_output=True,
            timeout=max(ends - time.monotonic(), 0),
        )
    except subprocess.TimeoutExpired as error:
        raise RenderTooSlow(f"the document was not set in type within {MOST_S:.0f} s") from error
    if done.returncode == REFUSED:
        raise _Refused(**json.loads(done.stdout))
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise RenderFailed(f"the typesetter ended with {done.returncode}: {said}")
    return done.stdout


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Return JSON values with each text changed; keys stay."""
    match value:
        case str():
            return change(value)
        case dict():
            return {name: _mapped(inner, change) for name, inner in value.items()}
        case list():
            return [_mapped(inner, change) for inner in value]
    return value


def _misleads(character: str) -> bool:
    # Cf: marks that turn the reading order or hide; Cc: controls; Co, Cn: characters without a meaning.
    if character in f"{_JOINERS}\n\t":
        return False
    return unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")


def _is_foreign(character: str) -> bool:
    return character not in "\n\t–—‘’“”…⟨⟩" and not 0x20 <= ord(character) <= 0xFF


def _spelled(text: str, spell: Callable[[str], bool]) -> str:
    return "".join(f"⟨U+{ord(each):04X}⟩" if spell(each) else each for each in text)


def _loosened(text: str) -> str:
    return _RUN.sub(_with_breaks, text)


def _with_breaks(run: re.Match[str]) -> str:
    """A run with a break after every BREAK_AFTER characters, never between a letter and its marks."""
    if run.end() - run.start() < 2 * BREAK_AFTER:
        return run[0]
    made: list[str] = []
    since = 0
    for character in run[0]:
        if since >= BREAK_AFTER and not _belongs_to_the_last(character):
            made.append("\u200b")
            since = 0
        made.append(character)
        since += 1
    return "".join(made)


def _belongs_to_the_last(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character).startswith("M")


def _undisplayable(error: _Refused) -> frozenset[str]:
    """The characters that no font has, as typst's error names them; plain Latin is never among them."""
    found = {
        each for quoted in _MISSING.findall(error.diagnostic) for each in _ESCAPED.sub(_unescaped, quoted)
    }
    return frozenset(each for each in found if ord(each) > 0x7E)


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else match[2]
