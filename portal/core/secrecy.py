"""What a secret looks like: the last fence before one is written where people and backups can read it.

A fence, not the rule: callers must not hold secrets where they log, audit or mail. What is caught here is
a mistake of ours that would otherwise stay unnoticed.
"""

import logging
import re
from typing import Any

_SECRET = re.compile(
    r"wp[dr]?_[0-9A-Za-z]{20,}"  # a token of this portal: personal, of a device, or its renewal
    r"|AGE-SECRET-KEY-[0-9A-Za-z-]*"  # an age identity, classic or post-quantum
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.*?-----END [A-Z ]*PRIVATE KEY-----)?"
    r"|[?&](?:signature|X-Amz-Signature|X-Amz-Security-Token)=[^&\s\"']+",  # a signed URL
    re.IGNORECASE | re.DOTALL,
)
REDACTED = "[redacted]"


def holds_secret(value: Any) -> bool:
    """True when a string anywhere in `value` (in nested lists and dicts, keys too) looks like a secret."""
    if isinstance(value, str):
        return _SECRET.search(value) is not None
    if isinstance(value, dict):
        return any(holds_secret(key) or holds_secret(item) for key, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return any(holds_secret(item) for item in value)
    return False


def redact(text: str) -> str:
    """Return `text` with everything that looks like a secret replaced by "[redacted]"."""
    return _SECRET.sub(REDACTED, text)


# C0 but the tab, C1, and what some readers take for the end of a line.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class RedactingFormatter(logging.Formatter):
    """A log's lines without what looks like a secret: Django logs the path of what it refuses, and a signed
    URL that was mangled on its way carries its signature there (G8). A message is one line, whatever a caller
    put into it: control characters are written out, so that nobody forges a line.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        message = redact(super().formatMessage(record))  # first: some secrets have several lines
        return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", message)

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
