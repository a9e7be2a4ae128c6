"""What a license version changes of the one before: its changed paragraphs, word by word."""

from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

from portal.web.changes import Run, changes, pairs

# Beyond it, paragraphs that come again and again count as none: they would cost their square.
MOST_PAIRS: Final = 250_000


@lru_cache(maxsize=64)
def changed_paragraphs(before: str, after: str) -> tuple[tuple[Run, ...], ...]:
    """Return each changed place as runs of kept, new and removed words. Pure: texts never change."""
    old, new = _paragraphs(before), _paragraphs(after)
    places = SequenceMatcher(None, old, new, pairs(old, new) > MOST_PAIRS).get_opcodes()
    return tuple(
        tuple(changes("\n\n".join(old[a:b]), "\n\n".join(new[c:d])))
        for verb, a, b, c, d in places
        if verb != "equal"
    )


def _paragraphs(text: str) -> list[str]:
    return [paragraph.strip() for paragraph in text.split("\n") if paragraph.strip()]
