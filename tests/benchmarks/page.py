"""docs/reference/benchmarks.md: the figures of the last runs, and what notes.md says about them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from tests.benchmarks.figures import Figures
from tests.benchmarks.row import Row, Series, Target

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
NOTES = Path(__file__).with_name("notes.md")
TITLES = {
    "open-file": "Opening a sealed file into a file",
    "open-memory": "Opening a sealed file into memory",
    "seal": "Sealing a file",
    "ingest": "Sealing a file as publishing does it",
    "nginx": "Downloading from nginx",
    "s3": "Downloading from an S3 gateway",
    "publish": "Publishing into an S3 gateway",
    "api": "URLs and headers through the API",
    "resume": "Going on after a kill",
    "desk": "The desk of legal staff",
    "large": "A release of random shards, through publish and download",
    "log": "The audit log",
}
# Of what is measured apart from the table, by the key of its rows.
SECTIONS = {"desk": "The desk", "large": "The large release", "log": "The log"}
_INTRODUCTION = """\
# Benchmarks

`make bench` measures the table and the desk again and writes this page;
`python -m tests.benchmarks --only desk` measures the desk alone, `--only large` the large release, `--only
log` the audit log. Ours and the peers take turns in one run (ours, peer, ours, peer …), so that a drift of
the machine hits all of them.
A cell gives the median and, in brackets, the least and the greatest
sample; a ratio is that of the medians, ours to the peer's. What a time begins and ends with stands below.
"""
T = TypeVar("T")
_DIGITS = {"GB/s": 2, "s": 2, "ms": 3, "parts": 2, "MB": 0, "queries": 0, "a second": 1}


def render(runs: Sequence[Figures], notes: Mapping[str, str]) -> str:
    """The page. runs: what was kept, the table's run first. notes: text by key of row."""
    pieces = [_INTRODUCTION]
    if not runs:
        pieces.append("Nothing was measured yet.\n")
    for figures in runs:
        pieces += [_run(figures), table(figures.rows)]
        pieces += [_details(key, list(rows), notes) for key, rows in _by_key(figures.rows)]
    return "\n".join(pieces)


def read_notes(text: str) -> dict[str, str]:
    """The notes by key: each stands under a heading `## key`. Raises: KeyError: a key that no row has."""
    pieces = re.split(r"^## (\S+)\s*$", text, flags=re.MULTILINE)[1:]
    notes = {key: note.strip() for key, note in zip(pieces[::2], pieces[1::2], strict=True)}
    if unknown := set(notes) - set(TITLES):
        raise KeyError(f"no rows have the key {', '.join(sorted(unknown))}")
    return {key: note for key, note in notes.items() if note}


def cell(series: Series, unit: str) -> str:
    """Median and range with the unit."""
    digits = _DIGITS[unit]
    if len(series.samples) == 1:
        return f"{series.median:.{digits}f} {unit}"
    return f"{series.median:.{digits}f} {unit} ({series.low:.{digits}f}–{series.high:.{digits}f})"


def verdict(row: Row) -> str:
    """Whether the row's figure was reached, and if not by how much it was missed."""
    if row.target is None:
        return "–"
    side = "short" if row.target.sense == "at least" else "over"
    return "yes" if row.reached else f"no, {row.target.missed_by(row.figure):.0%} {side}"


def target_text(target: Target | None, row: Row) -> str:
    """What is to be reached, in a few characters."""
    if target is None:
        return "–"
    sign = "≥" if target.sense == "at least" else "≤"
    return f"{sign} {target.value:g}" + ("" if row.peer else f" {row.unit}")


def _run(figures: Figures) -> str:
    machine = figures.machine
    versions = ", ".join(f"{name} {version}" for name, version in sorted(figures.versions.items()))
    samples = f"{figures.runs} runs" if figures.runs > 1 else "one run"
    return "\n".join(
        [
            f"## {_section(figures)}\n",
            f"Measured {figures.date} at commit `{figures.revision}`, {samples}.\n",
            "| machine | |",
            "|---|---|",
            f"| processor | {machine.processor}, {machine.cores} cores |",
            f"| memory | {machine.memory / 2**30:.0f} GiB |",
            f"| system | {machine.system}, Linux {machine.kernel} |",
            f"| files on | {machine.disk} |",
            f"| versions | {versions} |",
            "",
        ]
    )


def table(rows: Iterable[Row]) -> str:
    """The table of these rows, in Markdown."""
    lines = [
        "| what | ours | against | theirs | ratio | to reach | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        against, theirs, ratio = "–", "–", "–"
        if row.peer is not None:
            against, theirs, ratio = (
                row.peer.name.replace("|", "\\|"),
                cell(row.peer, row.unit),
                f"{row.figure:.2f}",
            )
        ours = cell(row.ours, row.unit)
        goal = target_text(row.target, row)
        lines.append(f"| {row.what} | {ours} | {against} | {theirs} | {ratio} | {goal} | {verdict(row)} |")
    return "\n".join([*lines, ""])


def _details(key: str, rows: list[Row], notes: Mapping[str, str]) -> str:
    lines = [f"### {TITLES[key]}\n"]
    if key in notes:
        lines.append(f"{notes[key]}\n")
    if facts := _once(fact for row in rows for fact in row.facts):
        lines += ["\n".join(f"- {fact}" for fact in facts) + "\n"]
    contestants = _once(
        (series.name, series.commands)
        for row in rows
        for series in (row.ours, row.peer)
        if series is not None
    )
    for name, commands in contestants:
        lines += [f"{name}:\n", "```", *commands, "```", ""]
    return "\n".join(lines)


def _by_key(rows: Iterable[Row]) -> Iterable[tuple[str, Iterable[Row]]]:
    return groupby(rows, key=lambda row: row.key)


def _once(items: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(items))


def _section(figures: Figures) -> str:
    [key, *more] = {row.key for row in figures.rows}
    return "The table" if more else SECTIONS.get(key, "The table")
