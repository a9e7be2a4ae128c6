"""The bytes of an event as they stand in the log. The format is weights_vault/sealed/log/entry.py's.

What the portal records always has such bytes. What somebody wrote into the table by SQL may not (a fraction,
half a surrogate): the log holds the digest of it then, so that one bad row stops nobody's proof.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from portal.core.models import AuditEvent, LogEntry, LogRecovered
from weights_vault.sealed.log.entry import entry_bytes

COLUMNS = ("index", "at", "kind", "by", "subject", "data")

_FETCHED = 2_000

Row = tuple[int, datetime, str, str, str, Any]


def entry_of(row: Row) -> bytes:
    """Return the entry of one event. row: the values of COLUMNS."""
    fields = dict(zip(("event", "at", "kind", "by", "subject", "data"), row, strict=True))
    try:
        return entry_bytes(fields)
    except RuntimeError:
        text = json.dumps(fields["data"], sort_keys=True, separators=(",", ":"))
        return entry_bytes({**fields, "data": {"unwritable": hashlib.sha256(text.encode()).hexdigest()}})


def entries_of(events: Sequence[int]) -> dict[int, bytes]:
    """Return the entries of these events by their numbers; one that does not exist is left out."""
    known = [event for event in events if event >= 0]
    if not known:
        return {}
    first, last = min(known), max(known)
    # Neighbors in the log are mostly neighbors in the table: a range is read faster than a list.
    near = last - first < 2 * len(known)
    wanted = {"index__gte": first, "index__lte": last} if near else {"index__in": known}
    rows = AuditEvent.objects.filter(**wanted).order_by().values_list(*COLUMNS).iterator(chunk_size=_FETCHED)
    asked = set(known)
    return {row[0]: entry_of(row) for row in rows if row[0] in asked}


def placed(start: int, end: int) -> list[tuple[int, int, bytes | None]]:
    """Return position, event and entry of the leaves start to end - 1, in order; None: the event is gone.

    What was lost in a restore and adopted again has the event -1 - position (LogRecovered).
    """
    places = list(
        LogEntry.objects.filter(position__gte=start, position__lt=end)
        .order_by("position")
        .values_list("position", "event")
    )
    entries: dict[int, bytes] = entries_of([event for _, event in places])
    if any(event < 0 for _, event in places):
        rows = LogRecovered.objects.filter(position__gte=start, position__lt=end)
        entries |= {-1 - row.position: bytes(row.entry) for row in rows}
    return [(position, event, entries.get(event)) for position, event in places]
