"""What lies beside the tree, and must say what the tree says: values behind commitments, recovered entries.

No hash of the tree covers them: whoever owns the database could change what pages show, or let a recovered
entry stand for an event that is shown no more, and every leaf would still be good.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef

from portal.core.audit import commitments
from portal.core.log.stored import position_of
from portal.core.log.trace import Bad
from portal.core.models import AuditDisclosure, AuditEvent, LogEntry, LogRecovered

REPAIRED = "log.repaired"
_AT_ONCE = 2_000


def check_disclosed() -> None:
    """Every value beside the log is the one that its event commits to. Raises: Bad."""
    columns, last = ("pk", "event", "field", "salt", "value"), 0
    values = AuditDisclosure.objects.order_by("pk").values_list(*columns)
    while page := list(values.filter(pk__gt=last)[:_AT_ONCE]):
        events = AuditEvent.objects.filter(index__in={row[1] for row in page})
        said = dict(events.order_by().values_list("index", "data"))
        for _, event, field, salt, value in page:
            if not _fits(said.get(event), field, bytes(salt), value):
                raise Bad(
                    f"what is shown as its {field} is not what it commits to", position_of(event), event
                )
        last = page[-1][0]


def check_recovered() -> None:
    """An entry stands for an event that is gone only where a repair tells of it. Raises: Bad."""
    places = LogEntry.objects.filter(event__lt=0).order_by("position")
    positions = list(places.values_list("position", flat=True))
    if not positions:
        return
    repairs = list(_repairs())
    for position in positions:
        if not any(start <= position < end for start, end in repairs):
            raise Bad("its event was taken out of the table, and no repair tells of it", position)


def _fits(data: Any, field: str, salt: bytes, value: Any) -> bool:
    try:
        made = commitments({field: value}, {field: salt})[field]
    except RuntimeError:
        return False
    return isinstance(data, dict) and data.get(field) == made


def _repairs() -> Iterator[tuple[int, int]]:
    """Positions, from and up to, of what each repair took over; a repair may itself have been recovered."""
    told = list(AuditEvent.objects.filter(kind=REPAIRED).values_list("data", flat=True))
    # Without a place no leaf covers the row: whoever owns the database could write a repair of their own.
    place = LogEntry.objects.filter(position=OuterRef("position"), event=-1 - OuterRef("position"))
    recovered = LogRecovered.objects.filter(Exists(place)).values_list("entry", flat=True)
    for entry in recovered.iterator(_AT_ONCE):
        fields = json.loads(bytes(entry))  # its leaf was compared before: it is an entry
        if fields["kind"] == REPAIRED:
            told.append(fields["data"])
    for data in told:
        try:
            yield int(data["restored"]["size"]), int(data["adopted"]["size"])
        except (KeyError, TypeError, ValueError):
            continue  # an event written by hand, which tells of nothing
