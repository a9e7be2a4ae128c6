"""How many headers the keeper makes in an hour, to everybody together (HEADERS_PER_HOUR; 0: no ceiling).

Counted by the minute in a file of the keeper's own, not in the database: whoever can write rows cannot make
room. A place is taken before headers are made and given back where none were: killed between the two, it
stays taken, so that the ceiling is never passed. Several keepers share the file.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings

from portal.core.problems import Unavailable

STATE: Final = "headers-per-hour"
MINUTES: Final = 60
_SLOT: Final = struct.Struct("<QQ")  # minute since 1970, headers in it


class CeilingReached(Unavailable):
    """As many headers were made within an hour as may be. made: that many."""

    code = "keeper_ceiling"
    title = "Too many downloads begin at the moment"

    def __init__(self, made: int, retry_after_s: int) -> None:
        self.made = made
        super().__init__(
            detail="The portal makes only so many headers an hour, to everybody together.",
            retry_after_s=retry_after_s,
        )


@contextmanager
def places(count: int, now: datetime) -> Iterator[None]:
    """Take `count` places for the block; they are given back where it fails.

    Raises: CeilingReached.
    """
    limit = settings.HEADERS_PER_HOUR
    if limit == 0:
        yield
        return
    minute = _take(count, limit, now)
    try:
        yield
    except Exception:
        with _slots() as slots:
            slots[minute] = max(0, slots.get(minute, 0) - count)
        raise


def _take(count: int, limit: int, now: datetime) -> int:
    """The minute that the places were taken in."""
    with _slots() as slots:
        # By a clock that was set back, what is made now would be older than what is kept, and forgotten.
        minute = max(int(now.timestamp()) // 60, *slots, 0)
        current = _current(slots, minute)
        made = sum(current.values())
        if made + count <= limit:
            slots[minute] = slots.get(minute, 0) + count
            return minute
    raise CeilingReached(made, _wait_s(current, made + count - limit, now))


def _wait_s(current: dict[int, int], too_many: int, now: datetime) -> int:
    """Until enough of what counts is an hour old."""
    for minute in sorted(current):
        too_many -= current[minute]
        if too_many <= 0:
            wait_s = int((minute + MINUTES) * 60 - now.timestamp()) + 1
            return min(max(1, wait_s), MINUTES * 60)
    return MINUTES * 60


def _current(slots: dict[int, int], minute: int) -> dict[int, int]:
    # A clock that was set back must not make room: later minutes count as well.
    return {each: made for each, made in slots.items() if each > minute - MINUTES and made}


@contextmanager
def _slots() -> Iterator[dict[int, int]]:
    """Headers by minute, for this process alone inside the block, and written at its end.

    One write of 960 bytes: a process that is killed has written all of it or nothing.
    """
    folder = Path(settings.KEEPER_STATE)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / STATE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        data = os.pread(descriptor, MINUTES * _SLOT.size, 0)
        slots = {minute: made for minute, made in _SLOT.iter_unpack(data) if minute}
        before = dict(slots)
        yield slots
        if slots != before:
            newest = dict(sorted(slots.items())[-MINUTES:])
            packed = b"".join(_SLOT.pack(minute, made) for minute, made in newest.items())
            os.pwrite(descriptor, packed.ljust(MINUTES * _SLOT.size, b"\0"), 0)
    finally:
        os.close(descriptor)
