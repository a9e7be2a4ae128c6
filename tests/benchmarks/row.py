"""One row of the table: what was measured of ours and of a peer, and the figure to reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Unit = Literal["GB/s", "s", "ms", "parts", "MB", "queries", "a second"]
Sense = Literal["at least", "at most"]


@dataclass(frozen=True)
class Series:
    """The samples of one contestant, in the unit of its row. commands: what was run, one a line."""

    name: str
    commands: tuple[str, ...]
    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.samples)

    @property
    def low(self) -> float:
        return min(self.samples)

    @property
    def high(self) -> float:
        return max(self.samples)


@dataclass(frozen=True)
class Target:
    """What is to be reached: of the ratio ours / peer, or of ours itself where there is no peer."""

    sense: Sense
    value: float

    def is_met(self, figure: float) -> bool:
        return figure >= self.value if self.sense == "at least" else figure <= self.value

    def missed_by(self, figure: float) -> float:
        """How far a figure lies on the wrong side, as a fraction of the target; 0 where it is met."""
        return 0.0 if self.is_met(figure) else abs(figure - self.value) / self.value


@dataclass(frozen=True)
class Row:
    """key: of the group of rows, as `--only` and the notes name it. what: the work, in words.

    facts: sizes, counts and circumstances that belong to the figures, one sentence each.
    """

    key: str
    what: str
    unit: Unit
    ours: Series
    peer: Series | None
    target: Target | None
    facts: tuple[str, ...] = ()

    @property
    def figure(self) -> float:
        """The ratio of the medians, ours / peer; ours where there is no peer."""
        return self.ours.median / self.peer.median if self.peer else self.ours.median

    @property
    def reached(self) -> bool | None:
        """None: the row has no target."""
        return self.target.is_met(self.figure) if self.target else None


@dataclass(frozen=True)
class Against:
    """A peer and what is to be reached against it."""

    peer: str
    target: Target | None


def rows_of(
    key: str,
    what: str,
    unit: Unit,
    raced: Sequence[Series],
    against: Sequence[Against],
    facts: Sequence[str] = (),
) -> list[Row]:
    """One row for each peer. raced: ours first, then the peers, measured side by side in one run."""
    ours, by_name = raced[0], {series.name: series for series in raced[1:]}
    return [Row(key, what, unit, ours, by_name[each.peer], each.target, tuple(facts)) for each in against]


def gigabytes_a_second(size: int, seconds: Sequence[float]) -> tuple[float, ...]:
    """Rates from times. size: bytes. Source: a gigabyte is 10⁹ bytes."""
    return tuple(size / each / 1e9 for each in seconds)
