"""The result of a smoke test, and the JSON that people, portals and attestations read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

REPORT_VERSION = 1
MAX_PROBLEMS = 50  # named in a level; the figure "problems" counts them all

LevelVerdict = Literal["passed", "failed", "skipped"]
Figure = str | int | float | bool | None | Mapping[str, "Figure"] | Sequence["Figure"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    code: stable kebab-case word, listed in docs/reference/smoke-test.md.
    where: the path or the tensor it is about.
    detail: one sentence for people; free of key material.
    """

    code: str
    where: str
    detail: str


@dataclass(frozen=True)
class LevelResult:
    """What came of one level.

    level: its name, one of run.LEVELS.
    figures: what was measured, by the names in docs/reference/smoke-test.md.
    problems: at most MAX_PROBLEMS, none where it passed; figures["problems"] counts them all.
    """

    level: str
    verdict: LevelVerdict
    figures: Mapping[str, Figure] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def judged(level: str, figures: Mapping[str, Figure], problems: Sequence[Problem]) -> LevelResult:
    """The result of a level that ran: failed where there is a problem, else passed."""
    if not problems:
        return LevelResult(level, "passed", figures)
    return LevelResult(
        level, "failed", {**figures, "problems": len(problems)}, tuple(problems[:MAX_PROBLEMS])
    )


def skipped(level: str, because: str) -> LevelResult:
    """The result of a level that could not run; because: one sentence for people."""
    return LevelResult(level, "skipped", {"because": because})


@dataclass(frozen=True)
class Report:
    """What was tested, on what, and what came of it. Times are aware datetimes in UTC."""

    release: str
    revision: str
    manifest_sha256: str | None
    device: str
    versions: Mapping[str, str]
    levels: tuple[LevelResult, ...]
    started_at: datetime
    finished_at: datetime

    @property
    def verdict(self) -> Literal["passed", "failed"]:
        """passed only when every level asked for passed: a skipped level is a failure."""
        return "passed" if self.levels and all(each.verdict == "passed" for each in self.levels) else "failed"

    def to_json(self) -> dict[str, object]:
        """The report as a JSON object, version 1. What JSON cannot hold (NaN, infinities) is null."""
        return {
            "version": REPORT_VERSION,
            "release": self.release,
            "revision": self.revision,
            "manifest_sha256": self.manifest_sha256,
            "verdict": self.verdict,
            "device": self.device,
            "versions": dict(self.versions),
            "levels": [_level_json(each) for each in self.levels],
            "started_at": _timestamp(self.started_at),
            "finished_at": _timestamp(self.finished_at),
            "seconds": round((self.finished_at - self.started_at).total_seconds(), 3),
        }


def _level_json(result: LevelResult) -> dict[str, object]:
    return {
        "level": result.level,
        "verdict": result.verdict,
        "figures": {name: _plain(value) for name, value in result.figures.items()},
        "problems": [{"code": p.code, "where": p.where, "detail": p.detail} for p in result.problems],
    }


def _plain(value: Figure) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
