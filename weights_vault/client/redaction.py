"""Takes out of a text what must never be printed: tokens, private keys, signatures of URLs.

The commands do not print secrets in the first place; this is the second fence, at the only two doors by which
text leaves (the terminal and last-error.txt), because messages of libraries and arguments typed by mistake go
through them.
"""

from __future__ import annotations

import re

HIDDEN = "[hidden]"

_SECRETS = (
    re.compile(r"AGE-SECRET-KEY-[A-Z0-9-]*", re.IGNORECASE),
    re.compile(r"\bwp_[A-Za-z0-9_.-]+"),
    re.compile(r"(?i)\bbearer\s+\S+"),
    # The query of a URL is where stores put the signature that makes it work.
    re.compile(r"(?<=\?)(?=\S*(?i:signature|credential|token|expires|lifetime)\S*=)[^\s\"']+"),
)


def redact(text: str) -> str:
    """The same text with each secret replaced by `[hidden]`."""
    for pattern in _SECRETS:
        text = pattern.sub(HIDDEN, text)
    return text


class Secret:
    """A string that shows itself only when asked with `reveal()`; never in repr, str, or a log."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself, for the one call that needs it."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    __str__ = __repr__
