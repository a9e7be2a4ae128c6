"""What can be sent to a portal: whole characters, and no NUL, which no text of a person has."""

from __future__ import annotations

import re
from typing import Any

from weights_vault.client.errors import WrongUsage

# A shell hands over bytes that are no UTF-8 as halves of surrogate pairs; JSON can hold them too.
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
_BEFORE = 20  # characters shown of what stands before it


def unsendable(text: str) -> bool:
    """Whether a text holds what cannot be sent."""
    return _UNSENDABLE.search(text) is not None


def check_sendable(body: Any) -> None:
    """Refuse a body of JSON with such a text anywhere in it. Raises: WrongUsage(text-unusable)."""
    if isinstance(body, dict):
        for each in body.values():
            check_sendable(each)
    elif isinstance(body, list | tuple):
        for each in body:
            check_sendable(each)
    elif isinstance(body, str) and (found := _UNSENDABLE.search(body)):
        before = body[max(0, found.start() - _BEFORE) : found.start()]
        raise WrongUsage(
            "text-unusable",
            "A text cannot be sent.",
            f"It holds a character that is none{f', after “{before}”' if before else ', at its beginning'}.",
            "Write it in UTF-8, without that character, and run the same command again.",
        )
