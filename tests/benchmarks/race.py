"""Runs contestants in turns: ours, peer, ours, peer …, so that a drift of the machine hits all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.benchmarks.row import Series


def nothing() -> None:
    """For contestants that have nothing to prepare or to check."""


@dataclass(frozen=True)
class Contestant:
    """One way to do the work of a row.

    act: does it once and gives the sample: seconds, or what the row counts. prepare: before each time,
    unmeasured. check: after each time, unmeasured; raises when the work was not done.
    """

    name: str
    commands: tuple[str, ...]
    act: Callable[[], float]
    prepare: Callable[[], None] = nothing
    check: Callable[[], None] = nothing


def race(contestants: Sequence[Contestant], runs: int, say: Callable[[str], None]) -> list[Series]:
    """Give each contestant its turn, `runs` times over. Returns: their samples, in the same order."""
    samples: dict[str, list[float]] = {each.name: [] for each in contestants}
    for _ in range(runs):
        for each in contestants:
            each.prepare()
            sample = each.act()
            each.check()
            samples[each.name].append(sample)
            say(f"  {each.name}: {sample:.3f}")
    return [Series(each.name, each.commands, tuple(samples[each.name])) for each in contestants]
