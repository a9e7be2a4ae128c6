"""Which reminders are due, and that each is sent once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from licenses.models import Reminder

DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Countdown:
    """Reminders so many days before a deadline.

    name: of what comes; it begins the kind of each `Reminder`. days: the most first.
    """

    name: str
    days: tuple[int, ...]

    @property
    def longest(self) -> timedelta:
        return max(self.days) * DAY

    def due(self, begun: datetime, deadline: datetime, now: datetime) -> list[str]:
        """Return the kinds whose time has come, the most urgent last.

        begun: since when there is a deadline: what should have been said before then is not said after.
        The deadline stands in the kind, so that one that moved is told of anew.
        """
        return [
            f"{self.name}_{days}:{deadline:%Y-%m-%d}"
            for days in self.days
            if begun < deadline - days * DAY <= now
        ]


def sent(subjects: Iterable[str]) -> set[tuple[str, str]]:
    """Return (subject, kind) of each reminder about one of these subjects, in one query."""
    known = Reminder.objects.filter(subject__in=list(subjects))
    return set(known.values_list("subject", "kind"))


def remember(subject: str, kinds: Sequence[str], now: datetime) -> Reminder | None:
    """Write the last of `kinds`, and as passed over those before it; return it, or None if it was there.

    To be called with the subject's row locked, in the transaction that queues the mails.
    """
    known = {kind for _, kind in sent([subject])}
    if not kinds or kinds[-1] in known:
        return None
    *_, reminder = (
        Reminder.objects.create(subject=subject, kind=kind, at=now) for kind in kinds if kind not in known
    )
    return reminder
