"""A license text as a row of passages, as people read it: no Markdown, but headings, items, rows of tables.

For comparing two texts. Each passage stands for itself, with its number or dash, and knows how each of its
words is set.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from licenses.agreements import prose
from licenses.agreements.prose import Node
from portal.web.changes import words

# In which ways words are set. In `Passage.line` each has a sign that no text holds, from U+E000 on.
_MARKS: Final = ("em", "strong", "s", "code")
# What a passage is called beside one that was changed into another kind.
CALLED: Final = {
    "heading": "a heading",
    "text": "a paragraph",
    "item": "an item of a list",
    "code": "text in fixed width",
    "row": "a row of a table",
    "rule": "a line across",
}


class Word(NamedTuple):
    """A word, a sign or the blanks between two. marks: of "em", "strong", "s" and "code", outermost first."""

    text: str
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passage:
    """kind: of CALLED. depth: how far in it stands, in lists and quotations, from 0."""

    kind: str
    depth: int
    words: tuple[Word, ...]

    @property
    def line(self) -> str:
        """The passage on one line, from which two of them are told apart; not for people."""
        said = "".join(f"{word.text}{_signs(word.marks)}" for word in self.words)
        return f"{self.kind}{self.depth} {' '.join(said.split())}"


def passages(text: str) -> list[Passage]:
    """Return the passages of a Markdown text, in reading order; none of a text without words."""
    return list(_of_blocks(prose.blocks(text), 0, ""))


def _of_blocks(nodes: Sequence[Node], depth: int, label: str) -> Iterator[Passage]:
    """The passages of blocks. label: the number or dash before the first of them."""
    for node in nodes:
        made = list(_of_block(node, depth))
        if label and made:
            made[0] = _labelled(made[0], label)
        yield from made
        label = ""
    if label:
        yield Passage("item", depth, (Word(label),))


def _of_block(node: Node, depth: int) -> Iterator[Passage]:
    match node["k"]:
        case "p":
            yield Passage("text", depth, _words(node["c"]))
        case "h":
            yield Passage("heading", depth, _words(node["c"]))
        case "rule":
            yield Passage("rule", depth, ())
        case "code":
            yield from map(partial(_of_code, depth), str(node["s"]).split("\n"))
        case "quote":
            yield from _of_blocks(node["c"], depth + 1, "")
        case "table":
            yield from (Passage("row", depth, _of_row(row)) for row in node["rows"])
        case "list":
            for place, item in enumerate(node["items"]):
                label = "–" if node["start"] is None else f"{node['start'] + place}."
                yield from _of_blocks(item, depth + 1, label)


def _labelled(first: Passage, label: str) -> Passage:
    kind = "item" if first.kind == "text" else first.kind
    return Passage(kind, first.depth, (*map(Word, words(label)), Word(" "), *first.words))


def _of_code(depth: int, line: str) -> Passage:
    return Passage("code", depth, tuple(map(Word, words(line))))


def _of_row(cells: Sequence[Sequence[Node]]) -> tuple[Word, ...]:
    row: list[Word] = []
    for cell in cells:
        row += [*([Word(" "), Word("|"), Word(" ")] if row else []), *_words(cell)]
    return tuple(row)


def _words(nodes: Sequence[Node], marks: tuple[str, ...] = ()) -> tuple[Word, ...]:
    found: list[Word] = []
    for node in nodes:
        match node["k"]:
            case "t":
                found += [Word(said, marks) for said in words(node["s"])]
            case "br":
                found.append(Word("\n", marks))
            case "code":
                found += [Word(said, (*marks, "code")) for said in words(node["s"])]
            case kind:
                inner = marks if kind in marks else (*marks, kind)
                found += _words(node["c"], inner)
    return tuple(found)


def _signs(marks: Sequence[str]) -> str:
    return "".join(chr(0xE000 + _MARKS.index(mark)) for mark in marks)
