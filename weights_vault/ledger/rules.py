"""Unusual patterns, as data: what is counted, over how long, from how many on, and how it is said.

Each rule slides its window over one grant's entries. None proves anything: a laptop that travels, a cluster
with many ways out and a disk that lost its headers all look like this now and then. A first download begun
after months of silence is no rule: people are slow, and nothing is wrong with that.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

MANY_NETWORKS = 5
HEADERS_A_KEY = 3
FEWEST_HEADERS = 10  # of one file: below this, a few new starts explain it
REVISIONS_A_DAY = 20
MANY_KEYS = 3
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Seen:
    """One entry as the rules see it.

    network: "" where it is unknown or forgotten. share: sealed bytes asked for, in revisions. files: numbers
    of the files that headers were given for. fresh: the key was enrolled within a week before.
    """

    at: datetime
    revision: str
    network: str = ""
    key: str = ""
    fresh: bool = False
    files: tuple[int, ...] = ()
    share: float = 0.0


class Measure(Protocol):
    """What a rule counts in its window; entries come in and leave in their order."""

    def add(self, seen: Seen) -> None: ...
    def drop(self, seen: Seen) -> None: ...
    def value(self) -> float: ...


class Distinct:
    """How many different words `read` finds; an empty one is none."""

    def __init__(self, read: Callable[[Seen], str]) -> None:
        self._read = read
        self._times: Counter[str] = Counter()

    def add(self, seen: Seen) -> None:
        if word := self._read(seen):
            self._times[word] += 1

    def drop(self, seen: Seen) -> None:
        if word := self._read(seen):
            self._times[word] -= 1
            if not self._times[word]:
                del self._times[word]

    def value(self) -> float:
        return len(self._times)


class HeadersAgain:
    """How often, for each key, headers of the file asked for most often were given."""

    def __init__(self) -> None:
        self._files: Counter[tuple[str, int]] = Counter()
        self._keys = Distinct(lambda seen: seen.key)

    def add(self, seen: Seen) -> None:
        self._files.update((seen.revision, file) for file in seen.files)
        self._keys.add(seen)

    def drop(self, seen: Seen) -> None:
        self._files.subtract((seen.revision, file) for file in seen.files)
        self._keys.drop(seen)

    def value(self) -> float:
        most = max(self._files.values(), default=0)
        return most / max(1.0, self._keys.value()) if most >= FEWEST_HEADERS else 0.0


class Shares:
    """How many times over URLs covered the revision they covered most."""

    def __init__(self) -> None:
        self._shares: dict[str, float] = {}

    def add(self, seen: Seen) -> None:
        self._shares[seen.revision] = self._shares.get(seen.revision, 0.0) + seen.share

    def drop(self, seen: Seen) -> None:
        self._shares[seen.revision] -= seen.share

    def value(self) -> float:
        return max(self._shares.values(), default=0.0)


@dataclass(frozen=True)
class Rule:
    """code: stands in alerts for good. More than `threshold` of `measure` within `window` is unusual."""

    code: str
    window: timedelta
    threshold: float
    measure: Callable[[], Measure]
    title: str
    said: str

    @property
    def window_s(self) -> int:
        return int(self.window.total_seconds())

    def sentence(self, measured: float) -> str:
        """What was counted, for people."""
        return self.said.format(measured=f"{measured:.0f}", threshold=f"{self.threshold:.0f}")


RULES = (
    Rule(
        "many_networks", DAY, MANY_NETWORKS, lambda: Distinct(lambda seen: seen.network),
        "Used from many networks",
        "One grant was used from {measured} networks within 24 hours; more than {threshold} is unusual.",
    ),
    Rule(
        "headers_again", WEEK, HEADERS_A_KEY, HeadersAgain,
        "The same headers again and again",
        "Headers of one file were given {measured} times for each key within 7 days; "
        "more than {threshold} is unusual.",
    ),
    Rule(
        "urls_over_and_over", DAY, REVISIONS_A_DAY, Shares,
        "URLs for far more than one copy",
        "URLs given within 24 hours cover the whole revision {measured} times; "
        "more than {threshold} is unusual.",
    ),
    Rule(
        "many_keys", WEEK, MANY_KEYS, lambda: Distinct(lambda seen: seen.key if seen.fresh else ""),
        "Many new keys",
        "{measured} keys were enrolled and given headers within 7 days; more than {threshold} is unusual.",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Alarm:
    """Not a pattern in the ledger, but something that the keeper refused (weights_vault/guard/alarms.py)."""

    code: str
    title: str
    said: str

    def sentence(self, measured: float) -> str:
        """What happened, for people."""
        return self.said.format(measured=f"{measured:.0f}")


KEEPER_CEILING, EVIDENCE_MISSING = "keeper_ceiling", "evidence_missing"
ALARMS = (
    Alarm(
        KEEPER_CEILING,
        "The hourly ceiling of headers is reached",
        "{measured} headers were made within an hour, to everybody together; whoever asks now is told to "
        "come back later. If no release has just come out, somebody may be taking all that the portal has.",
    ),
    Alarm(
        EVIDENCE_MISSING,
        "A grant without proved votes",
        "Headers were asked for under a grant of which only {measured} votes are proved by passkeys of "
        "trusted voters, fewer than its quorum: none were made. Either somebody wrote into the database, or "
        "a voter's passkey is not in the keeper's list.",
    ),
)
BY_CODE: dict[str, Rule | Alarm] = {each.code: each for each in (*RULES, *ALARMS)}
LONGEST = max(rule.window for rule in RULES)


@dataclass(frozen=True)
class Finding:
    """The most that a rule counted, over its threshold; from and to: the entries in that window."""

    measured: float
    from_at: datetime
    to_at: datetime


def find(rule: Rule, entries: Sequence[Seen], since: datetime) -> Finding | None:
    """The window that goes over the threshold furthest, of those that end at `since` or later; None: none.

    entries: of one grant, oldest first, from at least one window before `since` on.
    """
    measure, start, worst = rule.measure(), 0, None
    for seen in entries:
        measure.add(seen)
        while entries[start].at <= seen.at - rule.window:
            measure.drop(entries[start])
            start += 1
        value = measure.value() if seen.at >= since else 0.0
        if value > rule.threshold and (worst is None or value > worst.measured):
            worst = Finding(value, entries[start].at, seen.at)
    return worst
