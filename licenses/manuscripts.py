"""How much a license text may hold: what is accepted here can be set in type as an agreement, in seconds.

The bounds were found by trial (tests/unit/licenses/agreements/test_bounds.py): at each of them a document is
made in some seconds; far beyond them the typesetter gives up, or takes minutes and gigabytes. They are far
above what licenses need.
"""

import re
from collections.abc import Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_LICENSE_CHARACTERS: Final = 200_000
# Characters between which no line may break; longer ones are no words of any language.
MOST_RUN_CHARACTERS: Final = 1_000
MOST_COLUMNS: Final = 12
MOST_CELLS: Final = 6_000
# Lists and quotations within each other.
MOST_NESTED: Final = 8
# Paragraphs, headings, items, quotations, code and lines between them.
MOST_PARTS: Final = 10_000
# Emphasis, code and links within lines, and line breaks.
MOST_MARKS: Final = 12_000
# What could begin a link or emphasis is looked for to the end of the paragraph, each time.
MOST_SIGNS: Final = {"[": 5_000, "*": 20_000, "_": 20_000, "~": 20_000}

# As on the pages (portal/web/markdown.py): what a person read there is what stands in the document.
PARSER: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")

# Blanks at which a line may break, and letters of scripts that are written without blanks.
BREAKING: Final = (
    r" \t\n\u2000-\u2006\u2008-\u200a\u3000\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN: Final = re.compile(rf"[^{BREAKING}]+")
_NESTS: Final = frozenset({"bullet_list_open", "ordered_list_open", "blockquote_open"})
_UNNESTS: Final = frozenset({"bullet_list_close", "ordered_list_close", "blockquote_close"})
_CELLS: Final = frozenset({"th_open", "td_open"})
_OUT_OF_COUNT: Final = _CELLS | {"inline", "tr_open", "thead_open", "tbody_open"}
_PLAIN: Final = frozenset({"text", "softbreak"})


def fault(text: str) -> str:
    """Return what is too much in a license text for an agreement to be made of it, or "".

    text: Markdown, printable, with "\\n" line ends.
    """
    if len(text) > MAX_LICENSE_CHARACTERS:
        return f"This is {len(text):,} characters long; at most {MAX_LICENSE_CHARACTERS:,} are possible."
    # Before the parser sees it: these alone could keep it busy for long.
    if (line := _line_of_too_long_a_run(text)) is not None:
        return (
            f"Line {line} has more than {MOST_RUN_CHARACTERS:,} characters without "
            "a blank. No sheet is that wide: put blanks or line breaks between them."
        )
    for sign, most in MOST_SIGNS.items():
        if text.count(sign) > most:
            return f"This has {text.count(sign):,} times the sign {sign}; at most {most:,} are possible."
    tokens = PARSER.parse(text)
    return _too_wide(tokens) or _too_deep(tokens) or _too_many(tokens)


def _too_wide(tokens: Sequence[Token]) -> str:
    columns, line = 0, 0
    for token in tokens:
        if token.type == "tr_open":
            columns, line = 0, (token.map or [0])[0] + 1
        columns += token.type == "th_open"
        if columns > MOST_COLUMNS:
            return (
                f"The table at line {line} has more than {MOST_COLUMNS} columns, which no sheet can hold. "
                "Divide it into several tables."
            )
    return ""


def _too_deep(tokens: Sequence[Token]) -> str:
    depth = 0
    for token in tokens:
        depth += (token.type in _NESTS) - (token.type in _UNNESTS)
        if depth > MOST_NESTED:
            line = (token.map or [0])[0] + 1
            return (
                f"At line {line} more than {MOST_NESTED} lists or quotations stand within each other. "
                "Take some of them out of the others."
            )
    return ""


def _too_many(tokens: Sequence[Token]) -> str:
    cells = sum(token.type in _CELLS for token in tokens)
    if cells > MOST_CELLS:
        return f"The tables have {cells:,} cells; at most {MOST_CELLS:,} are possible."
    parts = sum(token.nesting >= 0 and token.type not in _OUT_OF_COUNT for token in tokens)
    if parts > MOST_PARTS:
        return f"This has {parts:,} paragraphs, headings and items; at most {MOST_PARTS:,} are possible."
    inline = (child for token in tokens for child in token.children or ())
    marks = sum(child.nesting >= 0 and child.type not in _PLAIN for child in inline)
    if marks > MOST_MARKS:
        return (
            f"This has {marks:,} words in bold, italics or code, links and line breaks; at most "
            f"{MOST_MARKS:,} are possible."
        )
    return ""


def _line_of_too_long_a_run(text: str) -> int | None:
    for run in _RUN.finditer(text):
        if run.end() - run.start() > MOST_RUN_CHARACTERS:
            return text.count("\n", 0, run.start()) + 1
    return None
