"""What one run measured, kept as JSON beside the benchmarks so that the page can be written again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.machine import Machine
from tests.benchmarks.row import Row, Series, Target

FOLDER = Path(__file__).with_name("figures")


@dataclass(frozen=True)
class Figures:
    """date: ISO, UTC. revision: the commit that was measured. runs: of each contestant.

    versions: of every program and library, by name.
    """

    date: str
    revision: str
    runs: int
    machine: Machine
    versions: Mapping[str, str]
    rows: tuple[Row, ...]


def save(figures: Figures, name: str) -> None:
    """Keep the figures of a run. name: `table`, `desk` or `large`."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(asdict(figures), indent=1, ensure_ascii=False) + "\n")


def load(name: str) -> Figures | None:
    """The figures of the last run that was kept; None where there was none."""
    path = FOLDER / f"{name}.json"
    return figures_from(json.loads(path.read_text())) if path.exists() else None


def figures_from(document: Mapping[str, Any]) -> Figures:
    """Figures from their JSON document."""
    rows = tuple(_row(entry) for entry in document["rows"])
    return Figures(**{**document, "machine": Machine(**document["machine"]), "rows": rows})


def _row(entry: Mapping[str, Any]) -> Row:
    peer, target = entry["peer"], entry["target"]
    return Row(
        key=entry["key"],
        what=entry["what"],
        unit=entry["unit"],
        ours=_series(entry["ours"]),
        peer=_series(peer) if peer else None,
        target=Target(**target) if target else None,
        facts=tuple(entry["facts"]),
    )


def _series(entry: Mapping[str, Any]) -> Series:
    return Series(entry["name"], tuple(entry["commands"]), tuple(entry["samples"]))
