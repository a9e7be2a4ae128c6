"""How many workers a download should have, found by trying: more as long as that brings more bytes a second.

A store often gives each connection only so much, and many are needed to fill a line; on a fast line two keep
the processor busy and more get in each other's way. So the crew grows while its rate does, goes back to what
was enough when it does not, and tries again later. A store or a line in trouble halves it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from weights_vault.client.transfer.limits import FIRST_JOBS, MAX_JOBS
from weights_vault.sealed.body import PART_SIZE

# A crew of a new size is judged by this long, after the time that new connections need to come up to speed.
WINDOW_S = 1.5
SETTLE_S = 0.5
# More workers must bring this much more, or they go again; twice as many that bring nearly all of that
# double the crew again.
GROWTH = 1.10
STEEP_GROWTH = 1.5
# How long nothing new is tried after what was tried did not help, and after trouble.
HOLD_S = 20.0
TROUBLE_HOLD_S = 30.0
# The share of this machine's memory that the buffers of a crew nobody asked for may take.
MEMORY_SHARE = 16


@dataclass
class _Trial:
    """A size being judged. rate, size: what it must beat. since: when it is measured from."""

    size: int
    rate: float
    since: float
    fetched: int | None = None


class Crew:
    """The number of workers wanted now. Asked by the calling thread, told of trouble by workers.

    exactly: as many, always; None finds out. Thread-safe.
    """

    def __init__(
        self, exactly: int | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._exactly = exactly
        self._monotonic = monotonic
        self._ceiling = _ceiling()
        self._wanted = exactly if exactly is not None else min(FIRST_JOBS, self._ceiling)
        self._trial: _Trial | None = None
        self._hold_until = self._patient_until = 0.0
        self._lock = threading.Lock()

    @property
    def wanted(self) -> int:
        """How many workers there should be."""
        return self._wanted

    def observe(self, fetched: int, running: int) -> None:
        """Look at the rate, and change what is wanted where that is due.

        fetched: bytes that came so far. running: workers there are; fewer than wanted near the end, where
        nothing is tried any more.
        """
        if self._exactly is not None:
            return
        with self._lock:
            moment = self._monotonic()
            if running < self._wanted or moment < self._hold_until:
                self._trial = None
            elif self._trial is None:
                self._trial = _Trial(self._wanted, 0.0, moment + SETTLE_S)
            else:
                self._judge(self._trial, moment, fetched)

    def trouble(self) -> None:
        """The store asks for patience, or a connection stalls: half as many, for a while."""
        with self._lock:
            moment = self._monotonic()
            if self._exactly is None and moment >= self._patient_until:
                self._patient_until = moment + WINDOW_S  # one trouble meets many workers at once
                self._wanted = max(1, self._wanted // 2)
                self._hold(moment, TROUBLE_HOLD_S)

    def _judge(self, trial: _Trial, moment: float, fetched: int) -> None:
        if moment < trial.since:
            return
        if trial.fetched is None:
            trial.since, trial.fetched = moment, fetched
        elif moment - trial.since >= WINDOW_S:
            self._decide(trial, moment, (fetched - trial.fetched) / (moment - trial.since))

    def _decide(self, trial: _Trial, moment: float, rate: float) -> None:
        if rate <= trial.rate * GROWTH:  # also where nothing came at all
            self._wanted = trial.size
            self._hold(moment, HOLD_S)
        elif self._wanted >= self._ceiling:
            self._hold(moment, HOLD_S)
        else:
            steep = rate >= trial.rate * STEEP_GROWTH
            before = self._wanted
            self._wanted = min(self._ceiling, before * 2 if steep else before + max(1, before // 2))
            self._trial = _Trial(before, rate, moment + SETTLE_S)

    def _hold(self, moment: float, seconds: float) -> None:
        self._hold_until = moment + seconds
        self._trial = None


def _ceiling() -> int:
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):  # a system that does not say
        return MAX_JOBS
    return max(1, min(MAX_JOBS, memory // MEMORY_SHARE // PART_SIZE))
