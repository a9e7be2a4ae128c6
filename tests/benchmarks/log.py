"""Rows of the audit log: appending, proofs, and full verification, on PostgreSQL.

A trial of it, short and without a page:
python -m tests.benchmarks.log ENTRIES SECONDS
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.benchmarks.context import PYTHON, Context
from tests.benchmarks.desk import percentile
from tests.benchmarks.errors import BenchError
from tests.benchmarks.page import table
from tests.benchmarks.place import memory_folder
from tests.benchmarks.programs import run
from tests.benchmarks.row import Row, Series, Target, Unit
from tests.with_postgres import postgres

COMMAND = [PYTHON, "-m", "tests.benchmarks.processes.log_world"]
ENTRIES, WANTED_ENTRIES = 1_000_000, 10_000_000
APPEND_S = 20
APPENDS_A_SECOND, PROOF_MS, VERIFY_S = 1_000.0, 20.0, 300.0
WRITERS = 2
PROOFS = 1_000
START_S = 10  # until every process has its Django up
ROOM = 4 << 30


def log(context: Context) -> list[Row]:
    """Appends through the whole path; then proofs and verification of a million entries."""
    return measure(context, ENTRIES, APPEND_S, min(context.runs, 2))


def measure(context: Context, entries: int, seconds: int, runs: int) -> list[Row]:
    """The rows of a log with so many entries. seconds: of appending. runs: of verification."""
    with memory_folder(ROOM) as folder, postgres() as url:
        environment = _settings(folder, url)
        _tell(environment, "migrate")
        rows = [_appends(environment, seconds)]
        context.say(f"filling up to {entries:,} entries …")
        filled = _tell(environment, "fill", str(entries))
        context.say(f"placed {filled['rate']:,.0f} a second, signed in {filled['sign_s']:.0f} s")
        rows.append(_proofs(environment, entries))
        return [*rows, *_verification(environment, entries, runs, filled)]


def _settings(folder: Path, url: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
        "VAR_DIR": str(folder / "var"),
        "PYTHONWARNINGS": "ignore",
        "DATABASE_URL": url,
    }


def _tell(environment: dict[str, str], *arguments: str, watch: bool = False) -> dict[str, Any]:
    ran = run([*COMMAND, *arguments], environment, watch=watch)
    return {**ran.told, "peak": ran.peak}


def _appends(environment: dict[str, str], seconds: int) -> Row:
    begin = str(time.time() + START_S)
    with ThreadPoolExecutor(WRITERS + 1) as pool:
        writers = [
            pool.submit(_tell, environment, "append", str(part), str(seconds), begin)
            for part in range(WRITERS)
        ]
        placer = pool.submit(_tell, environment, "place", str(seconds), begin)
        written = sum(each.result()["written"] for each in writers)
        placed = placer.result()
    if placed["left"]:
        raise BenchError(f"{placed['left']} of {written} events were left without a place")
    facts = (
        f"{written:,} events, each in a transaction of its own, by {WRITERS} processes through "
        f"`audit.record` during {seconds} s, while the log signer worked beside them: places, tiles, journal "
        f"and {placed['heads']} signed heads. The longest from an event to its head was "
        f"{placed['behind_s']:.1f} s. The rate is of events that were signed when the time was over. "
        "PostgreSQL and the journal wrote to memory.",
    )
    rate = (placed["signed"] / placed["seconds"],)
    return _row(
        "Events appended, placed and signed", "a second", rate, APPENDS_A_SECOND, "append", facts, True
    )


def _proofs(environment: dict[str, str], entries: int) -> Row:
    taken = _tell(environment, "proofs", str(PROOFS))["ms"]
    facts = (
        f"{PROOFS:,} proofs of random events through `proof_of`, each read from the database with what it "
        f"discloses, one at a time; p50 {percentile(taken, 50):.2f} ms. Every hundredth was verified.",
    )
    return _row(f"Proof, {entries:,} entries: p95", "ms", (percentile(taken, 95),), PROOF_MS, "proofs", facts)


def _verification(environment: dict[str, str], entries: int, runs: int, filled: dict[str, Any]) -> list[Row]:
    told = [_tell(environment, "verify", watch=True) for _ in range(runs)]
    samples = tuple(each["seconds"] for each in told)
    times = WANTED_ENTRIES / entries
    peak = max(each["peak"] for each in told) / 2**20
    facts = (
        f"`audit verify` of all {entries:,} entries in two processes, compared with tiles, the signer's "
        f"folder and {told[0]['heads']} signed heads; {peak:.0f} MiB at most in the process that compares. "
        f"They had got their places at {filled['rate']:,.0f} a second.",
    )
    extrapolated = (
        f"Not measured: the seconds of {entries:,} entries times {times:g}. The work is the same for each "
        "entry, but for one more level of tiles, which is one hash in 65,536.",
    )
    whole = tuple(each * times for each in samples)
    return [
        _row(f"Verification of {entries:,} entries", "s", samples, None, "verify", facts),
        _row(
            f"Verification of {WANTED_ENTRIES:,} entries, extrapolated",
            "s",
            whole,
            VERIFY_S,
            "verify",
            extrapolated,
        ),
    ]


def _row(
    what: str,
    unit: Unit,
    samples: tuple[float, ...],
    target: float | None,
    step: str,
    facts: tuple[str, ...],
    at_least: bool = False,
) -> Row:
    command = " ".join(["python", *COMMAND[1:], step, "…"])
    goal = Target("at least" if at_least else "at most", target) if target is not None else None
    return Row("log", what, unit, Series("weights portal", (command,), samples), None, goal, facts)


if __name__ == "__main__":
    entries, seconds = (int(argument) for argument in sys.argv[1:3])
    print(table(measure(Context(0, 1), entries, seconds, 1)))
