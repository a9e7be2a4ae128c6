"""How many bodies one process sends at once.

A body keeps its thread for as long as its reader likes. The pages live on the same threads, so deliveries
get no more than their share: whoever reads slowly, or not at all, holds up other downloads and nothing else.
"""

import weakref
from collections.abc import Iterator
from threading import Lock
from typing import Protocol


class Body(Protocol):
    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class DeliverySlots:
    """Counts the bodies under way. A slot is free again when its body is closed, or forgotten unclosed."""

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._next = 0
        self._taking = Lock()

    def take(self, most: int) -> int | None:
        """Return the name of a slot, or None where `most` are taken."""
        with self._taking:
            if len(self._taken) >= most:
                return None
            self._next += 1
            self._taken.add(self._next)
            return self._next

    def give_back(self, slot: int) -> None:
        # Without the lock: garbage collection may call this in a thread that holds it.
        self._taken.discard(slot)

    def __len__(self) -> int:
        return len(self._taken)


class SlotBody:
    """A body that gives its slot back when it is closed, begun or not, and at the latest with its memory.

    A server closes what it was handed, also when the reader is gone; an answer that a failing middleware
    drops on the way is handed to no server.
    """

    def __init__(self, body: Body, slots: DeliverySlots, slot: int) -> None:
        self._body = body
        self._end = weakref.finalize(self, _end, body, slots, slot)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        self._end()


def _end(body: Body, slots: DeliverySlots, slot: int) -> None:
    try:
        body.close()
    finally:
        slots.give_back(slot)
