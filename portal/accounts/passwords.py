"""What no password here may be built on: the words that a guesser of this very site tries first."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

# Besides the portal's own name and host. docs/explanation/security.md lists them for people.
WORDS: Final = (
    "weights",
    "portal",
    "password",
    "license",
    "researcher",
    "reviewer",
    "admin",
    "opt175b",
    "gated",
)
FEWEST_OTHERS: Final = 8  # characters that must be left when these words are taken out


class NoWordsOfThisPlace:
    """Refuses a password of which little is left without the words of this site."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises: ValidationError(password_of_this_place)."""
        left = _bare(password)
        for word in sorted(_words(), key=len, reverse=True):
            left = left.replace(word, "")
        if len(left) < FEWEST_OTHERS and len(left) < len(_bare(password)):
            said = "This password is made of words that anybody would try here. Add others of your own."
            raise ValidationError(said, code="password_of_this_place")

    def get_help_text(self) -> str:
        return "Your password can't be made of the words of this site, such as its name."


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def _words() -> set[str]:
    host = urlsplit(settings.PORTAL_URL).hostname or ""
    own = [*re.split(r"\W+", settings.PORTAL_NAME.lower()), *re.split(r"\W+", host)]
    return {word for word in (*WORDS, *own) if len(word) > 3}
