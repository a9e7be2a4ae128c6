"""What trust documents and heads have in common: their size, their reading, their time.

Specification: docs/reference/sealed-format.md, sections 7, 12 and 13.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from .canonical import Json, loads_strict
from .errors import EnvelopeMalformed, Expired, Malformed

MAX_DOCUMENT_SIZE = 524_288  # bytes of the envelope
MAX_CLOCK_SKEW = timedelta(minutes=10)

# What fits into that envelope as base64, with eight signatures: a document that can be signed can be opened.
_MAX_PAYLOAD_SIZE = 389_120
_MAX_DEPTH = 4


def load_document(payload: bytes) -> Json:
    """Return the JSON of a trust document or head. Raises: EnvelopeMalformed."""
    try:
        return loads_strict(payload, max_bytes=_MAX_PAYLOAD_SIZE, max_depth=_MAX_DEPTH)
    except Malformed as error:
        raise EnvelopeMalformed(f"the signed document: {error}", reference=error.reference) from None


def check_period(issued: datetime, expires: datetime, longest: timedelta, what: str) -> None:
    """Refuse a document whose own times make no sense, or that would hold too long.

    Raises: EnvelopeMalformed.
    """
    if not issued < expires <= issued + longest:
        raise EnvelopeMalformed(f"{what} does not expire within {longest.days} days after it was issued")


def check_now(issued: datetime, expires: datetime, now: datetime, what: str, *, allow_expired: bool) -> None:
    """Refuse a document that does not hold now: this stops a mirror from serving yesterday's forever.

    Raises: Expired: it ended, or it begins further ahead than two clocks may differ.
    """
    if issued > now + MAX_CLOCK_SKEW:
        raise Expired(f"{what} was issued in the future: a clock is wrong", reference="not-yet-valid")
    if expires <= now and not allow_expired:
        raise Expired(f"{what} expired at {expires:%Y-%m-%d %H:%M:%S} UTC")
