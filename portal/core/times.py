"""How times and days are said to people: one way on pages, in mails and in sentences."""

from datetime import UTC, date, datetime


def day(moment: date) -> str:
    """Return a day as pages and sentences say it: 21 Nov 2026."""
    return f"{moment.day} {moment:%b %Y}"


def moment(at: datetime) -> str:
    """Return a time as pages, mails and sentences say it, with its zone: 21 Nov 2026, 14:05 UTC.

    at: aware. Data, file names and the command line's tables say times in ISO 8601 instead.
    """
    utc = at.astimezone(UTC)
    return f"{day(utc)}, {utc:%H:%M} UTC"


def days_until(deadline: datetime, now: datetime) -> int:
    """Return how many days are left, as pages and mails count them; 0 when the deadline has passed.

    Counted by the calendar, in UTC: the date stands beside the count, and whoever counts from today to it
    must find the same number. Spans of 24 hours, rounded up or down, tell another one for a part of each
    day. What ends later today is 1 day: not over.
    """
    if deadline <= now:
        return 0
    return max(1, (deadline.astimezone(UTC).date() - now.astimezone(UTC).date()).days)
