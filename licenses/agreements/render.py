"""Set a document in type: PDF/A-2b from data, the same bytes for the same data, without a browser.

A glyph that no shipped font has would be an empty box, which PDF/A forbids and which says nothing: such a
character is written as its code point, ⟨U+1F600⟩. So are the invisible ones that change how text reads.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import typst

HERE: Final = Path(__file__).parent
TEMPLATE: Final = HERE / "agreement.typ"
FONTS: Final = HERE / "fonts"
STANDARD: Final = "a-2b"
MOST_ROUNDS: Final = 4

# They join letters in several scripts and change no order.
_JOINERS: Final = "\u200c\u200d"
_MISSING: Final = re.compile(r'the text `"((?:[^"\\]|\\.)+)"` could not be displayed')
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]+)\}|\\(.)")


class RenderFailed(Exception):
    """The template or its data is at fault: a bug of ours."""


def pdf(contents: dict[str, Any], at: datetime) -> bytes:
    """Return the document as PDF/A-2b.

    contents: what `contents.py` makes; JSON values alone. at: the time of the signature, which the file
        names as its own; so the same contents give the same bytes.
    Raises: RenderFailed.
    """
    shown = _mapped(contents, partial(_spelled, spell=_misleads))
    for _ in range(MOST_ROUNDS):
        try:
            return _compile(shown, at)
        except typst.TypstError as error:
            missing = _undisplayable(error)
            if not missing:
                raise RenderFailed(error.message) from error
            shown = _mapped(shown, partial(_spelled, spell=missing.__contains__))
    # Letters and marks that only together have no glyph: plain Latin alone is always there.
    try:
        return _compile(_mapped(shown, partial(_spelled, spell=_is_foreign)), at)
    except typst.TypstError as error:
        raise RenderFailed(error.message) from error


def _compile(contents: dict[str, Any], at: datetime) -> bytes:
    compiler = typst.Compiler(TEMPLATE, root=HERE, font_paths=_fonts())
    made = compiler.compile(
        format="pdf",
        pdf_standards=[STANDARD],
        sys_inputs={"data": json.dumps(contents)},
        timestamp=int(at.timestamp()),
    )
    if not isinstance(made, bytes):
        raise RenderFailed("typst made no file")
    return made


@cache
def _fonts() -> typst.Fonts:
    # Never the machine's own: a document must not depend on where it was made.
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[FONTS])


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


def _undisplayable(error: typst.TypstError) -> frozenset[str]:
    """The characters that no font has, as typst's error names them; plain Latin is never among them."""
    found = {
        each for quoted in _MISSING.findall(error.diagnostic) for each in _ESCAPED.sub(_unescaped, quoted)
    }
    return frozenset(each for each in found if ord(each) > 0x7E)


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else match[2]
