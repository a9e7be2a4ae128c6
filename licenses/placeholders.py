"""What an example license leaves to be filled in, found in a text that began as one of them.

A published version stands for good, and is signed: nothing of an example may go out in it by oversight.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from markdown_it.token import Token

from licenses.examples import EXAMPLES, NOTICE
from licenses.manuscripts import PARSER

_BRACKETS: Final = re.compile(r"\[([^\[\]]+)\]")


@dataclass(frozen=True)
class Left:
    """line: where it begins, from 1, as the text is typed. words: as they stand there, on one line."""

    line: int
    words: str

    def __str__(self) -> str:
        if self.words == NOTICE:
            return f"Line {self.line}: take out the note “{NOTICE}”"
        return f"Line {self.line}: {self.words}"


def left_in(text: str) -> list[Left]:
    """Return what of the shipped examples still stands in a license text, in the order of the text.

    text: Markdown, within the bounds of `manuscripts.fault`. What is looked at is what people read: the
    text of a link, [text](address), is no placeholder.
    """
    found = []
    for line, words in _blocks(text):
        if NOTICE in _on_one_line(words):
            found.append(Left(line, NOTICE))
            continue
        for match in _BRACKETS.finditer(words):
            said = _on_one_line(match[0])
            if said in _known():
                found.append(Left(line + words.count("\n", 0, match.start()), said))
    return found


@cache
def _known() -> frozenset[str]:
    """The placeholders of the examples as they stand there: [PUBLISHER], [30], …"""
    return frozenset(
        _on_one_line(match[0])
        for example in EXAMPLES.values()
        for _, words in _blocks(example.text)
        for match in _BRACKETS.finditer(words)
    )


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield the text of each paragraph, heading, cell or code, with the line at which it begins."""
    line = 1
    for token in PARSER.parse(text):
        line = token.map[0] + 1 if token.map else line
        if token.type == "inline":
            yield line, _read(token.children or ())
        elif token.type in ("fence", "code_block"):
            # The fence itself takes a line.
            yield line + (token.type == "fence"), token.content


def _read(parts: Sequence[Token]) -> str:
    """The words of a paragraph, without those of links."""
    words, links = "", 0
    for part in parts:
        links += (part.type == "link_open") - (part.type == "link_close")
        if part.type in ("softbreak", "hardbreak"):
            words += "\n"
        elif not links:
            words += part.content
    return words


def _on_one_line(words: str) -> str:
    return " ".join(words.split())
