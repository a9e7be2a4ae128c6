"""What a machine may call itself where people and mails read it.

Whoever asks to be signed in chooses this name, and the question goes to somebody else: no address, no markup
and no direction marks survive, so that it can neither lead anywhere nor look like words of ours.
"""

import unicodedata
from typing import Final

from portal.accounts import names
from portal.core.secrecy import holds_secret

LONGEST: Final = 40
UNNAMED: Final = "a machine without a name"
_ALSO: Final = "-_"


def machine_name(text: str) -> str:
    """Return what is taken of a name: letters, digits, blanks, hyphens, at most 40 characters.

    Of a host's full name the first part; of what cannot be a name, "a machine without a name".
    """
    if holds_secret(text):
        return UNNAMED
    first = text.strip().partition(".")[0]
    kept = "".join(each if each in _ALSO or _is_of_words(each) else " " for each in first[: 4 * LONGEST])
    name = " ".join(kept.split())[:LONGEST].strip()
    return name if name and not names.fault(name) else UNNAMED


def _is_of_words(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"
