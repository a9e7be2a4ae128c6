"""Two license texts as a page compares them: line by line, and within a changed line word by word."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from portal.web.changes import Run, changes, pairs

# Lines of the same text that stay in sight around a change; what is left out says how much it is.
KEPT_AROUND: Final = 3
# Beyond this many changed lines the words of each are not compared any more: the lines stand whole.
MOST_LINES_BY_WORD: Final = 300
# A text that is longer, or repeats itself more, counts lines that come again and again as none.
MOST_LINES: Final = 2_000
MOST_REPEATED: Final = 250_000
# Of longer lines it is only counted which words they share, not in which order.
MOST_WORDS_A_LINE: Final = 200
# Lines gone times lines new of one run: beyond it, which belong together is not looked for.
MOST_PAIRS: Final = 900
# Two lines that have less in common than this are not one line changed, but one gone and one new.
ALIKE: Final = 0.4

# A line with its number in the text, from 1.
Numbered = tuple[int, str]


@dataclass(frozen=True)
class Line:
    """One row of the comparison.

    kind: "same", "changed", "removed", "added", or "skipped": `count` lines that are the same and left out.
    before_number, after_number: from 1; None where that text has no such line.
    before, after: what stands there, in runs; `both` is the two in one, for the unified view.
    """

    kind: str
    before_number: int | None = None
    after_number: int | None = None
    before: tuple[Run, ...] = ()
    after: tuple[Run, ...] = ()
    both: tuple[Run, ...] = ()
    count: int = 0


def compare(before: str, after: str) -> list[Line]:
    """Return the rows that show how `before` becomes `after`; none where the two are the same."""
    old, new = before.splitlines(), after.splitlines()
    rows: list[Line] = []
    by_word = 0
    # In a very long text lines that come again and again, such as empty ones, would cost their square.
    repeats = len(new) > MOST_LINES or pairs(old, new) > MOST_REPEATED
    matcher = SequenceMatcher(None, old, new, autojunk=repeats)
    for verb, i, i_end, j, j_end in matcher.get_opcodes():
        if verb == "equal":
            rows += [_same(text, i + n + 1, j + n + 1) for n, text in enumerate(old[i:i_end])]
            continue
        by_word += max(i_end - i, j_end - j)
        gone, come = list(enumerate(old[i:i_end], i + 1)), list(enumerate(new[j:j_end], j + 1))
        rows += _rewritten(gone, come, by_word <= MOST_LINES_BY_WORD)
    return _folded(rows) if any(row.kind != "same" for row in rows) else []


def _same(text: str, before: int, after: int) -> Line:
    run = (Run("same", text),)
    return Line("same", before, after, run, run, run)


def _rewritten(gone: list[Numbered], come: list[Numbered], by_word: bool) -> list[Line]:
    """The rows of a run of lines that were replaced by others: which of them are one line changed."""
    pairs = _paired(gone, come) if by_word and len(gone) * len(come) <= MOST_PAIRS else []
    rows: list[Line] = []
    at, on = 0, 0
    for left, right in [*pairs, (len(gone), len(come))]:
        rows += [*(_gone(*line) for line in gone[at:left]), *(_new(*line) for line in come[on:right])]
        if left < len(gone) and right < len(come):
            rows.append(_changed(gone[left], come[right]))
        at, on = left + 1, right + 1
    return rows


def _paired(gone: list[Numbered], come: list[Numbered]) -> list[tuple[int, int]]:
    """The places of lines that belong together, in their order, so that they have the most in common."""
    alike = [[_alike(left[1], right[1]) for right in come] for left in gone]
    best = [[0.0] * (len(come) + 1) for _ in range(len(gone) + 1)]
    for left in reversed(range(len(gone))):
        for right in reversed(range(len(come))):
            taken = best[left + 1][right + 1] + alike[left][right] if alike[left][right] else 0.0
            best[left][right] = max(taken, best[left + 1][right], best[left][right + 1])
    pairs, left, right = [], 0, 0
    while left < len(gone) and right < len(come):
        here = best[left][right]
        if alike[left][right] and here == best[left + 1][right + 1] + alike[left][right]:
            pairs.append((left, right))
            left, right = left + 1, right + 1
        elif here == best[left + 1][right]:
            left += 1
        else:
            right += 1
    return pairs


def _alike(old: str, new: str) -> float:
    """How much two lines have in common, from ALIKE to 1; 0 where it is less."""
    left, right = old.split(), new.split()
    matcher = SequenceMatcher(None, left, right, False)
    if not left or matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    long = len(left) > MOST_WORDS_A_LINE or len(right) > MOST_WORDS_A_LINE
    ratio = matcher.quick_ratio() if long else matcher.ratio()
    return ratio if ratio >= ALIKE else 0.0


def _changed(left: Numbered, right: Numbered) -> Line:
    runs = changes(left[1], right[1])
    return Line(
        "changed",
        left[0],
        right[0],
        before=tuple(run for run in runs if run.kind != "added"),
        after=tuple(run for run in runs if run.kind != "removed"),
        both=tuple(runs),
    )


def _gone(number: int, text: str) -> Line:
    runs = (Run("removed", text),)
    return Line("removed", before_number=number, before=runs, both=runs)


def _new(number: int, text: str) -> Line:
    runs = (Run("added", text),)
    return Line("added", after_number=number, after=runs, both=runs)


def _folded(rows: list[Line]) -> list[Line]:
    """The rows without those far from any change; a row says how many were left out there."""
    near = {
        index
        for place, row in enumerate(rows)
        if row.kind != "same"
        for index in range(place - KEPT_AROUND, place + KEPT_AROUND + 1)
    }
    kept: list[Line] = []
    for index, row in enumerate(rows):
        if index in near:
            kept.append(row)
        elif kept and kept[-1].kind == "skipped":
            kept[-1] = Line("skipped", count=kept[-1].count + 1)
        else:
            kept.append(Line("skipped", count=1))
    return kept
