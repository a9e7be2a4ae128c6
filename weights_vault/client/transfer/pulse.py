"""How fast it goes and how long it will take, from numbers read now and then. No threads, no terminal."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

from weights_vault.client.transfer.meter import Reading

RATE_WINDOW_S = 20.0
# The time left is taken from a longer window than the rate that is shown, and follows it slowly: a number
# that jumps between two hours and ten is worse than none.
LEFT_WINDOW_S = 60.0
LEFT_KNOWN_AFTER_S = 5.0
LEFT_FOLLOWS_S = 15.0
# After so long without a byte nobody can say when it will end.
SILENT_S = 10.0


class Rate:
    """Bytes a second over the last window_s."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, window_s: float = RATE_WINDOW_S
    ) -> None:
        self._monotonic = monotonic
        self._window_s = window_s
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, count: int) -> float:
        """Note how many bytes came so far. Returns: bytes a second, 0 before there is a second sample."""
        now = self._monotonic()
        self._samples.append((now, count))
        while now - self._samples[0][0] > self._window_s:
            self._samples.popleft()
        first_at, first = self._samples[0]
        return (count - first) / (now - first_at) if now > first_at else 0.0

    @property
    def known_s(self) -> float:
        """Seconds that the samples span."""
        return self._samples[-1][0] - self._samples[0][0] if self._samples else 0.0


class TimeLeft:
    """Seconds left, smoothed; None until it can be known and while nothing comes."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._rate = Rate(monotonic, LEFT_WINDOW_S)
        self._moved = -1
        self._moved_at = 0.0
        self._end: float | None = None
        self._at = 0.0

    def add(self, reading: Reading) -> float | None:
        """Note the numbers. Returns: seconds left, or None."""
        now, moved = self._monotonic(), reading.moved
        rate = self._rate.add(moved)
        if moved != self._moved:
            self._moved, self._moved_at = moved, now
        silent = now - self._moved_at > SILENT_S
        over = moved >= reading.total
        if over or silent or rate < 1 or self._rate.known_s < LEFT_KNOWN_AFTER_S:
            self._end = None
            return None
        end = now + (reading.total - moved) / rate
        if self._end is not None:
            end = self._end + (end - self._end) * (1 - math.exp((self._at - now) / LEFT_FOLLOWS_S))
        self._end, self._at = end, now
        return max(0.0, end - now)


def left_text(seconds: float | None) -> str:
    """`about 40 s left`, no finer than can be known; empty where nobody can know."""
    if seconds is None:
        return ""
    if seconds < 100:
        return f"about {max(5, 5 * round(seconds / 5))} s left"
    if seconds < 100 * 60:
        return f"about {round(seconds / 60)} min left"
    if seconds < 10 * 3600:
        hours, minutes = divmod(10 * round(seconds / 600), 60)
        return f"about {hours} h {minutes} min left" if minutes else f"about {hours} h left"
    if seconds < 72 * 3600:
        return f"about {round(seconds / 3600)} h left"
    return f"about {seconds / 86400:.0f} days left"
