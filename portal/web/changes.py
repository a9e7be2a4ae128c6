"""What changed between two versions of an answer, word by word."""

import re
from difflib import SequenceMatcher
from typing import Final, NamedTuple

# Beyond this the comparison would cost more than it tells; the two texts are shown whole instead.
MAX_WORDS: Final = 4_000


class Run(NamedTuple):
    """A run of text that is kept ("same"), new ("added") or gone ("removed")."""

    kind: str
    text: str


def changes(before: str, after: str) -> list[Run]:
    """The runs that turn `before` into `after`, in reading order; what is gone stands before what is new."""
    old, new = _words(before), _words(after)
    if len(old) + len(new) > MAX_WORDS:
        return [run for run in (Run("removed", before), Run("added", after)) if run.text]
    runs: list[Run] = []
    for verb, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, False).get_opcodes():
        if verb == "equal":
            runs.append(Run("same", "".join(new[new_start:new_end])))
            continue
        runs.append(Run("removed", "".join(old[old_start:old_end])))
        runs.append(Run("added", "".join(new[new_start:new_end])))
    return [run for run in runs if run.text]


def _words(text: str) -> list[str]:
    return re.findall(r"\s+|\w+|[^\w\s]", text)
