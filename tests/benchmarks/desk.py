"""Rows of the desk of legal staff: its pages, verdicts and submissions, on PostgreSQL.

A trial of it, short and without a page:
python -m tests.benchmarks.desk REQUESTS SECONDS
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from tests.benchmarks.context import PYTHON, Context
from tests.benchmarks.errors import BenchError
from tests.benchmarks.page import table
from tests.benchmarks.place import memory_folder
from tests.benchmarks.programs import run
from tests.benchmarks.row import Row, Series, Target, Unit
from tests.with_postgres import postgres

COMMAND = [PYTHON, "-m", "tests.benchmarks.processes.desk_world"]
FEW, MANY = 1_000, 100_000
RELEASES = 50
PEOPLE = 20_000
PAGE_MS, QUERIES, DECISION_MS, SUBMITTED_A_SECOND = 200.0, 12.0, 150.0, 50.0
DECIDE_S, SUBMIT_S = 60, 300
PROCESSES = 4
REVIEWERS = 20
START_S = 15  # until every process has its Django up
ROOM = 3 << 30
TITLES = {"queue": "Review queue", "search": "Search", "review": "Review page"}


@dataclass(frozen=True)
class Desk:
    """A portal whose database was seeded. environment: of its processes. seconds: what the seeding took."""

    requests: int
    environment: dict[str, str]
    seconds: float

    def tell(self, *arguments: str) -> dict[str, Any]:
        """What one step of `processes.desk_world` tells."""
        return run([*COMMAND, *arguments], self.environment).told

    def tell_together(self, step: str, seconds: int) -> list[dict[str, Any]]:
        """What the parts of a step tell that several processes take at the same time."""
        begin = str(time.time() + START_S)
        with ThreadPoolExecutor(PROCESSES) as pool:
            parts = [
                pool.submit(self.tell, step, str(part), str(PROCESSES), str(seconds), begin)
                for part in range(PROCESSES)
            ]
            return [part.result() for part in parts]


def desk(context: Context) -> list[Row]:
    """Pages at 1,000 and 100,000 requests; verdicts and submissions at the latter."""
    return measure(context, (FEW, MANY), DECIDE_S, SUBMIT_S)


def measure(context: Context, sizes: Sequence[int], decide_s: int, submit_s: int) -> list[Row]:
    """Rows for each size, and those of verdicts and submissions at the last. …_s: seconds of each."""
    rows: list[Row] = []
    for requests in sizes:
        with seeded(requests) as portal:
            context.say(f"{requests:,} requests seeded in {portal.seconds:.0f} s")
            rows += _pages(portal, context.runs)
            if requests == sizes[-1]:
                rows += [_decisions(portal, decide_s), _submissions(portal, submit_s)]
    return rows


@contextmanager
def seeded(requests: int) -> Iterator[Desk]:
    """A portal with this many requests, removed afterwards."""
    people = min(PEOPLE, max(200, requests))
    with memory_folder(ROOM) as folder, postgres() as url:
        environment = _settings(folder, url)
        said = run([*COMMAND, "seed", str(requests), str(people), str(RELEASES)], environment).told
        yield Desk(requests, environment, said["seconds"])


def _settings(folder: Path, url: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
        "VAR_DIR": str(folder / "var"),
        "PYTHONWARNINGS": "ignore",
        "DATABASE_URL": url,
    }


def _pages(portal: Desk, runs: int) -> list[Row]:
    told = portal.tell("pages", str(runs))
    size = f"{portal.requests:,} requests"
    rows = []
    for page, title in TITLES.items():
        each = told[page]["ms"]
        median = sorted(percentile(run_, 50) for run_ in each)[len(each) // 2]
        work, most = told[page]["cpu_ms"], told[page]["queries"]
        facts = (
            f"{title}, {size}: p50 {median:.0f} ms, of which Python works {work:.0f} ms on average; at most "
            f"{most} queries. A run is {len(each[0])} calls of different views, words or requests through "
            "Django's test client, every middleware included, one at a time; the sample is its 95th "
            "percentile.",
        )
        p95 = tuple(percentile(run_, 95) for run_ in each)
        rows.append(_row(f"{title}, {size}: p95 of the server's time", "ms", p95, PAGE_MS, "pages", facts))
        queries = (float(told[page]["queries"]),)
        rows.append(_row(f"{title}, {size}: most queries", "queries", queries, QUERIES, "pages"))
    return rows


def _decisions(portal: Desk, seconds: int) -> Row:
    taken = [each for part in portal.tell_together("decide", seconds) for each in part["ms"]]
    if len(taken) < REVIEWERS:
        raise BenchError(f"only {len(taken)} verdicts were given: seed more requests")
    facts = (
        f"{len(taken)} verdicts, each the second approval, which decides, by {REVIEWERS} reviewers in "
        f"{PROCESSES} processes during {seconds} s: `actions.vote` directly, pauses of up to 2 s between "
        f"two verdicts of one reviewer. p50 {percentile(taken, 50):.0f} ms.",
    )
    p95 = (percentile(taken, 95),)
    what = f"Decision, {portal.requests:,} requests, {REVIEWERS} reviewers at once: p95"
    return _row(what, "ms", p95, DECISION_MS, "decide", facts)


def _submissions(portal: Desk, seconds: int) -> Row:
    made = portal.tell("drafts", str(PEOPLE))["made"]
    parts = portal.tell_together("submit", seconds)
    done, again = sum(part["done"] for part in parts), sum(part["again"] for part in parts)
    if not all(part["left"] for part in parts):
        raise BenchError(f"all {made:,} drafts were submitted before the time was over")
    found = portal.tell("tally")
    if any(found[fact] != done for fact in ("submitted", "logged", "mailed", "telling")):
        raise BenchError(f"{done} were submitted and {again} of them twice, but the portal has {found}")
    facts = (
        f"{done:,} submissions in {seconds} s by {PROCESSES} processes through `actions.submit`, {again:,} "
        "of them sent twice with one key; each was logged once, mailed to its applicant once, and made one "
        f"job that writes to {REVIEWERS} reviewers (no worker ran). Nothing lost, nothing doubled.",
    )
    rate = (done / seconds,)
    what = f"Submissions, {portal.requests:,} requests, for {seconds} s"
    return _row(what, "a second", rate, SUBMITTED_A_SECOND, "submit", facts, at_least=True)


def _row(
    what: str,
    unit: Unit,
    samples: tuple[float, ...],
    target: float,
    step: str,
    facts: tuple[str, ...] = (),
    *,
    at_least: bool = False,
) -> Row:
    command = " ".join(["python", *COMMAND[1:], step, "…"])
    goal = Target("at least" if at_least else "at most", target)
    return Row("desk", what, unit, Series("weights portal", (command,), samples), None, goal, facts)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which so many hundredths of the values lie. values: at least two."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    requests, seconds = (int(argument) for argument in sys.argv[1:3])
    rows = measure(Context(size=0, runs=1), (requests,), seconds, seconds)
    print(table(rows))
    print("\n".join(fact for row in rows for fact in row.facts))
