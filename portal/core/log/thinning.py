"""Old checkpoints go: of each hour of the last two days one stays, of each day before one.

A busy log signs a head a second, and each is a row. What goes is not lost: proofs and growth are always shown
against the newest head, from any size, and whoever holds an old head compares it with `audit verify --head`.
Of an hour or a day, the head stays that most witnesses signed, of these the latest.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from portal.core.jobs import handler, keep_lease, periodic
from portal.core.log.proofs import newest_checkpoint
from portal.core.models import LogCheckpoint

THIN: Final = "core.thin_checkpoints"
THIN_EVERY_S: Final = 3600
UNTOUCHED: Final = timedelta(hours=1)
HOURLY: Final = timedelta(days=2)
BATCH: Final = 500  # rows read, and at most deleted, at once
MOST: Final = 50_000  # rows deleted by one job; the next one goes on

_Row = tuple[int, datetime, str]


@handler(THIN, lease_s=600)
def thin(payload: dict[str, Any], now: datetime) -> None:
    """Delete checkpoints that others of their hour or day stand for. The newest stays whatever its age."""
    going: list[int] = []
    gone = 0
    for size in _superfluous(now):
        going.append(size)
        if len(going) == BATCH:
            gone += _delete(going)
            going = []
        if gone >= MOST:
            return
    _delete(going)


def _superfluous(now: datetime) -> Iterator[int]:
    """Yield the sizes of the rows that go, in no order."""
    best: _Row | None = None
    for row in _old(now):
        if best is None or _span(best[1], now) != _span(row[1], now):
            best = row
        else:
            worse, best = sorted((best, row), key=_worth)
            yield worse[0]


def _old(now: datetime) -> Iterator[_Row]:
    """Yield the checkpoints that may go, the smallest first."""
    newest, last = newest_checkpoint(), -1
    if newest is None:
        return
    rows = LogCheckpoint.objects.filter(size__lt=newest.size, signed_at__lt=now - UNTOUCHED)
    columns = rows.order_by("size").values_list("size", "signed_at", "note")
    while page := list(columns.filter(size__gt=last)[:BATCH]):
        yield from page
        last = page[-1][0]


def _span(at: datetime, now: datetime) -> str:
    """The hour or the day that a head stands for: days begin at midnight UTC, wherever the portal is."""
    return at.isoformat()[: len("2026-11-21T13")] if at >= _hours_begin(now) else at.date().isoformat()


def _hours_begin(now: datetime) -> datetime:
    """A day is thinned as a whole: else the best of its first hours would be compared with nobody."""
    return (now - HOURLY).replace(hour=0, minute=0, second=0, microsecond=0)


def _worth(row: _Row) -> tuple[int, int]:
    """How many signed it, then how much it covers."""
    return row[2].count("\n— "), row[0]


def _delete(sizes: list[int]) -> int:
    LogCheckpoint.objects.filter(size__in=sizes).delete()
    keep_lease()
    return len(sizes)


periodic(THIN, THIN_EVERY_S)
