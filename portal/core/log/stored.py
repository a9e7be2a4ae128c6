"""The tree as the database holds it: its lock, its size, its tiles, its heads."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Max, Q

from portal.core.models import LogEntry, LogTile
from weights_vault.sealed.log.tiles import TILE_HEIGHT, Tiles
from weights_vault.sealed.log.tree import Frontier

# "wplog1": what PostgreSQL takes for an advisory lock. No other lock of ours has this number.
_LOCK = 0x7770_6C6F_6731


@dataclass(frozen=True)
class Head:
    """size: number of leaves. root: 32 bytes."""

    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.size} entries, root {self.root.hex()[:16]}…"


@contextmanager
def locked() -> Iterator[None]:
    """A transaction in which nobody else gives places or repairs.

    SQLite has one writer at a time anyway: the portal's settings begin each transaction as IMMEDIATE.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield


def log_size() -> int:
    """Return how many events have a place."""
    last = LogEntry.objects.aggregate(last=Max("position"))["last"]
    return 0 if last is None else int(last) + 1


def position_of(event: int) -> int | None:
    """Return the place of an event in the tree, None where it has none yet."""
    return LogEntry.objects.filter(event=event).values_list("position", flat=True).first()


def read_tile(level: int, index: int) -> bytes:
    """Return a tile's bytes, b"" where there is none."""
    hashes = LogTile.objects.filter(level=level, index=index).values_list("hashes", flat=True).first()
    return b"" if hashes is None else bytes(hashes)


def tiles_towards(position: int, size: int) -> Tiles:
    """Return the stored tree with the tiles that a proof of one leaf reads, got in one query."""
    wanted, levels = Q(), (max(size - 1, 1).bit_length() + TILE_HEIGHT - 1) // TILE_HEIGHT
    for level in range(levels):
        cut = TILE_HEIGHT * (level + 1)
        wanted |= Q(level=level, index__in={position >> cut, (size - 1) >> cut})
    rows = LogTile.objects.filter(wanted).order_by().values_list("level", "index", "hashes")
    known = {(level, index): bytes(hashes) for level, index, hashes in rows}

    def read(level: int, index: int) -> bytes:
        return known[level, index] if (level, index) in known else read_tile(level, index)

    return Tiles(read)


def tiles() -> Tiles:
    """Return the stored tree, for reading it once: it keeps the tiles that it read."""
    return Tiles(read_tile)


def head_at(size: int, stored: Tiles | None = None) -> Head:
    """Return the head of the first `size` leaves.

    Raises: LogMalformed: a tile is missing or too short.
    """
    return Head(size, Frontier.read(size, (stored or tiles()).subtree).root())
