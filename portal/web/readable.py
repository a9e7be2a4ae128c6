"""What differs between two license texts, for people who read and do not write them: passage by passage, as
the texts are set, with what is gone and what is new marked for the eye and said for the ear."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.web.changes import steps
from portal.web.comparison import Line, compare
from portal.web.passages import CALLED, Passage, Word, passages

_SPOKEN: Final = '<span class="visually-hidden"> [{}</span>{}<span class="visually-hidden">] </span>'
_NO_WORDS: Final = SafeString("")
_MARKED: Final = {"added": ("new: ", "<ins>{}</ins>"), "removed": ("gone: ", "<del>{}</del>")}
_SET: Final = {
    "em": "<em>{}</em>",
    "strong": "<strong>{}</strong>",
    "s": "<s>{}</s>",
    "code": "<code>{}</code>",
}


@dataclass(frozen=True)
class Place:
    """One row of what is shown.

    kind: "same", "changed", "removed", "added", or "skipped": `count` passages that are the same, left out.
    form: kind of the passage, of `passages.CALLED`; depth: how far in it stands, from 0 to 3. html: words.
    note: what it was before where that is another kind, else "".
    """

    kind: str
    form: str = ""
    depth: int = 0
    html: SafeString = _NO_WORDS
    note: str = ""
    count: int = 0


@lru_cache(maxsize=64)
def differing(before: str, after: str) -> tuple[Place, ...]:
    """Return the rows that show how `before` becomes `after`; none where people read the same. Pure."""
    old, new = passages(before), passages(after)
    return tuple(_place(row, old, new) for row in compare(_lines(old), _lines(new)))


def changed_places(places: Sequence[Place]) -> int:
    """Return in how many places the two differ: rows that follow each other are one."""
    kinds = (place.kind not in ("same", "skipped") for place in places)
    return sum(differs for differs, _ in groupby(kinds))


def _lines(of: Sequence[Passage]) -> str:
    return "\n".join(passage.line for passage in of)


def _place(row: Line, old: Sequence[Passage], new: Sequence[Passage]) -> Place:
    if row.kind == "skipped":
        return Place("skipped", count=row.count)
    was = old[row.before_number - 1] if row.before_number else None
    is_now = new[row.after_number - 1] if row.after_number else None
    shown = is_now or was
    if shown is None:
        raise RuntimeError("a row of a comparison stands for no line")
    html = _both(was.words, is_now.words) if row.kind == "changed" and was and is_now else _set(shown.words)
    note = f"Before, this was {CALLED[was.kind]}." if was and was.kind != shown.kind else ""
    return Place(row.kind, shown.kind, min(shown.depth, 3), html, note)


def _both(old: Sequence[Word], new: Sequence[Word]) -> SafeString:
    """Both in one: what is gone stands before what is new."""
    runs = steps(old, new, _is_blank)
    shown = (_set(words) if kind == "same" else _marked(kind, words) for kind, words in runs)
    return format_html_join("", "{}", ((html,) for html in shown))


def _marked(kind: str, words: Sequence[Word]) -> SafeString:
    """Screen readers mostly pass over <ins> and <del>: words for the ear stand around them."""
    spoken, element = _MARKED[kind]
    return format_html(_SPOKEN, spoken, format_html(element, _set(words)))


def _is_blank(word: Word) -> bool:
    return word.text.isspace()


def _set(words: Sequence[Word]) -> SafeString:
    runs = (
        (marks, "".join(word.text for word in run)) for marks, run in groupby(words, lambda word: word.marks)
    )
    return format_html_join("", "{}", ((_in_marks(marks, said),) for marks, said in runs))


def _in_marks(marks: Sequence[str], said: str) -> SafeString:
    html = format_html("{}", said)
    for mark in reversed(marks):
        html = format_html(_SET[mark], html)
    return html
