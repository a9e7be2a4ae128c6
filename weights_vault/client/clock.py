"""This machine's clock, and how far it is from the portal's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from weights_vault.client.errors import Unreachable

# Heads live 24 h and are made hourly, so a clock that is off by less never makes a fresh head look expired or
# unborn.
MAX_SKEW = timedelta(hours=12)


def now() -> datetime:
    """This machine's time, aware, UTC."""
    return datetime.now(UTC)


def parse_http_date(text: str) -> datetime | None:
    """The time of an HTTP date such as `Tue, 03 Nov 2026 10:00:00 GMT`, or None where it is not one."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def check_skew(portal_time: datetime | None, here: datetime) -> None:
    """Say that this clock is wrong before a signature that only looks expired is blamed.

    portal_time: the `Date` of the portal's latest answer; it is compared, never used in place of our own
    clock, because whoever replays an old head can also set that date.
    Raises: Unreachable(clock-wrong).
    """
    if portal_time is None or abs(portal_time - here) <= MAX_SKEW:
        return
    hours = round((here - portal_time).total_seconds() / 3600)
    direction = "ahead of" if hours > 0 else "behind"
    raise Unreachable(
        "clock-wrong",
        "This machine's clock and the portal's do not agree.",
        f"Here it is {here:%Y-%m-%d %H:%M} UTC, {abs(hours)} hours {direction} the portal.",
        "Set this machine's date and time (for example with NTP), then run the command again.",
    )
