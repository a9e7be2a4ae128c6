"""Holds all workers of a download together to so many bytes a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# What may be caught up on after a pause: more would be a burst that the person asked not to have.
CREDIT_S = 0.25
# Bytes are asked for in pieces worth this long, so that the line is never silent for seconds between them.
PIECE_S = 0.25
MIN_PIECE_BYTES = 256


class Pace:
    """A bucket of tokens shared by the workers. Thread-safe.

    Kept as the moment at which everything taken so far is paid for, which has no rounding to drift by: over
    any time, at most limit × (time + CREDIT_S) bytes are taken, and one piece a worker.

    limit_bytes_per_s: at least 1; None for no limit.
    """

    def __init__(
        self, limit_bytes_per_s: int | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        if limit_bytes_per_s is not None and limit_bytes_per_s < 1:
            raise RuntimeError("a rate is at least one byte a second")
        self.limit_bytes_per_s = limit_bytes_per_s
        self._monotonic = monotonic
        self._paid_until: float | None = None
        self._lock = threading.Lock()

    def take(self, count: int, stop: threading.Event) -> float:
        """Pay for bytes that came: wait until they are due, or until stop is set.

        Returns: seconds waited, which are no stall of the line.
        """
        if self.limit_bytes_per_s is None:
            return 0.0
        began = self._monotonic()
        with self._lock:
            earliest = began - CREDIT_S
            since = earliest if self._paid_until is None else max(self._paid_until, earliest)
            self._paid_until = since + count / self.limit_bytes_per_s
            wait_s = self._paid_until - began
        if wait_s <= 0:
            return 0.0
        stop.wait(wait_s)
        return self._monotonic() - began

    def piece(self, most: int) -> int:
        """How many bytes to ask the line for at once: at most so many, fewer where the limit is low."""
        if self.limit_bytes_per_s is None:
            return most
        return max(MIN_PIECE_BYTES, min(most, int(self.limit_bytes_per_s * PIECE_S)))
