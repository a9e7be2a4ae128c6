"""What changed between two versions of an answer, word by word."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple, TypeVar

Word = TypeVar("Word", bound=Hashable)

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
    return [Run(kind, "".join(items)) for kind, items in steps(words(before), words(after), str.isspace)]


def steps(
    old: Sequence[Word], new: Sequence[Word], blank: Callable[[Word], bool]
) -> list[tuple[str, Sequence[Word]]]:
    """The same for words of any kind: (kind of the run, its words), none of them empty."""
    bare = [word for word in old if not blank(word)], [word for word in new if not blank(word)]
    if len(old) + len(new) > MAX_WORDS or pairs(*bare) > MAX_PAIRS:
        return [step for step in (("removed", old), ("added", new)) if step[1]]
    found: list[tuple[str, Sequence[Word]]] = []
    # Blanks follow the words around them: matched for themselves, each would be tried with each.
    matcher = SequenceMatcher(blank, old, new, False)
    for verb, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if verb == "equal":
            found.append(("same", new[new_start:new_end]))
            continue
        found.append(("removed", old[old_start:old_end]))
        found.append(("added", new[new_start:new_end]))
    return [step for step in found if step[1]]


def pairs(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    """Return how many pairs of equal items the two have: what a comparison costs grows faster than that."""
    there = Counter(new)
    return sum(there[item] for item in old)


def words(text: str) -> list[str]:
    """The words, blanks and signs of a text; joined they are the text."""
    return re.findall(r"\s+|\w+|[^\w\s]", text)
