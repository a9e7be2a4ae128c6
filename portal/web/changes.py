"""What changed between two versions of an answer, word by word."""

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

# Beyond these the comparison would cost more than it tells; the two texts are shown whole instead.
MAX_WORDS: Final = 4_000
# A thousand words of prose have 15,000; of the same word again and again, a million.
MAX_PAIRS: Final = 25_000


class Run(NamedTuple):
    """A run of text that is kept ("same"), new ("added") or gone ("removed")."""

    kind: str
    text: str


def changes(before: str, after: str) -> list[Run]:
    """The runs that turn `before` into `after`, in reading order; what is gone stands before what is new."""
    old, new = _words(before), _words(after)
    if len(old) + len(new) > MAX_WORDS or pairs(_bare(old), _bare(new)) > MAX_PAIRS:
        return [run for run in (Run("removed", before), Run("added", after)) if run.text]
    runs: list[Run] = []
    # Blanks follow the words around them: matched for themselves, each would be tried with each.
    matcher = SequenceMatcher(str.isspace, old, new, False)
    for verb, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if verb == "equal":
            runs.append(Run("same", "".join(new[new_start:new_end])))
            continue
        runs.append(Run("removed", "".join(old[old_start:old_end])))
        runs.append(Run("added", "".join(new[new_start:new_end])))
    return [run for run in runs if run.text]


def pairs(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many pairs of equal items the two have: what a comparison costs grows faster than that."""
    there = Counter(new)
    return sum(there[item] for item in old)


def _bare(words: Sequence[str]) -> list[str]:
    return [word for word in words if not word.isspace()]


def _words(text: str) -> list[str]:
    return re.findall(r"\s+|\w+|[^\w\s]", text)
