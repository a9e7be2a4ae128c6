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
    re.compile(r"\bwp[dr]?_[A-Za-z0-9_.-]+"),
    re.compile(r"(?i)\bbearer\s+\S+"),
)
# The query of a URL is where stores put the signature that makes it work. Found in two steps, each of them
# linear: the texts are the portal's, and one of a million question marks must not hold this machine up.
_QUERY = re.compile(r"\?([^\s\"']+)")
_SIGNED = re.compile(r"(?i)signature|credential|token|expires|lifetime")


def redact(text: str) -> str:
    """The same text with each secret replaced by `[hidden]`."""
    for pattern in _SECRETS:
        text = pattern.sub(HIDDEN, text)
    return _QUERY.sub(_query, text)


def _query(found: re.Match[str]) -> str:
    signed = "=" in found[1] and _SIGNED.search(found[1])
    return f"?{HIDDEN}" if signed else found[0]


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
