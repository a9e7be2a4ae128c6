"""Gives events their places in the log: leaf after leaf, without gaps, each event once.

An event waits in core_logpending from the moment its transaction commits (portal/core/log/triggers.py). So
one that was written early and committed late is not overlooked: it waits like any other and comes after
those that were faster. Places are given in one transaction under one lock, with the tiles of the tree.
"""

from django.db.models import Exists, OuterRef, QuerySet

from portal.core.log.entries import COLUMNS, entry_of
from portal.core.log.stored import locked, log_size, read_tile
from portal.core.models import AuditEvent, LogEntry, LogPending, LogTile
from weights_vault.sealed.log.tiles import append
from weights_vault.sealed.log.tree import leaf_hash

BATCH = 1_000  # events in one transaction


def catch_up() -> int:
    """Give a place to every event that waits. Returns: how many got one.

    Raises: LogMalformed: the stored tiles do not reach as far as the entries.
    """
    placed = 0
    while batch := place_batch():
        placed += batch
    return placed


def place_batch(most: int = BATCH) -> int:
    """Give a place to the first `most` waiting events, in the order of their numbers.

    Returns: how many got one. Raises: LogMalformed, as `catch_up`.
    """
    if not any_waits():
        return 0  # asked without the lock, which on SQLite keeps everybody from writing
    with locked():
        rows = list(AuditEvent.objects.filter(index__in=_first(most)).order_by("index").values_list(*COLUMNS))
        if rows:
            _place([row[0] for row in rows], [leaf_hash(entry_of(row)) for row in rows])
        return len(rows)


def waiting() -> "QuerySet[LogPending, int]":
    """Return the numbers of the events that can get a place.

    A row that names no event, or one that has its place, was written by hand: it must not stop the others,
    and `audit verify` tells of it.
    """
    event = AuditEvent.objects.filter(index=OuterRef("event"))
    place = LogEntry.objects.filter(event=OuterRef("event"))
    known = LogPending.objects.filter(Exists(event), ~Exists(place))
    return known.order_by("event").values_list("event", flat=True)


def any_waits() -> bool:
    """Return whether an event can get a place."""
    return bool(_first(1))


def _first(most: int) -> list[int]:
    """The first `most` numbers of `waiting`, looked for in a page of rows at a time.

    Asked for all at once, PostgreSQL joins the three tables whole where many wait, and that for each batch.
    """
    found: list[int] = []
    rows = LogPending.objects.order_by("event").values_list("event", flat=True)
    last = -1
    while len(found) < most and (page := list(rows.filter(event__gt=last)[:BATCH])):
        found += waiting().filter(event__in=page)
        last = page[-1]
    return found[:most]


def _place(events: list[int], hashes: list[bytes]) -> None:
    size = log_size()
    write_tiles(size, hashes)
    LogEntry.objects.bulk_create(
        LogEntry(position=size + offset, event=event) for offset, event in enumerate(events)
    )
    LogPending.objects.filter(event__in=events).delete()


def write_tiles(size: int, hashes: list[bytes]) -> None:
    """Append leaf hashes to the tree of `size` leaves. The caller holds the lock."""
    grown = append(size, hashes, read_tile)
    LogTile.objects.bulk_create(
        [LogTile(level=level, index=index, hashes=tile) for (level, index), tile in grown.items()],
        update_conflicts=True,
        unique_fields=["level", "index"],
        update_fields=["hashes"],
    )
