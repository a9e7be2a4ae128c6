"""Measure the rows of docs/reference/benchmarks.md side by side, and write the page.

python -m tests.benchmarks                      every row of the table and of the desk, and the page
python -m tests.benchmarks --only nginx         these rows alone, printed
python -m tests.benchmarks --only desk          the desk of legal staff, kept for the page
python -m tests.benchmarks --only large         the 20 GiB release, kept for the page
python -m tests.benchmarks --only log           the audit log at a million entries, kept for the page
python -m tests.benchmarks --page               the page again, after a change of notes.md
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tests.benchmarks import api, desk, download, large, log, peers, publish, resume, sealing
from tests.benchmarks.context import Context
from tests.benchmarks.errors import BenchError
from tests.benchmarks.figures import Figures, load, save
from tests.benchmarks.machine import this_machine
from tests.benchmarks.page import NOTES, PAGE, read_notes, render, table
from tests.benchmarks.programs import ROOT
from tests.benchmarks.row import Row

GIB = 1 << 30
GROUPS: dict[str, Callable[[Context], list[Row]]] = {
    "open-file": sealing.open_file,
    "open-memory": sealing.open_memory,
    "seal": sealing.seal_file,
    "ingest": sealing.seal_as_published,
    "nginx": download.from_nginx,
    "s3": download.from_s3,
    "publish": publish.publish,
    "api": api.costs,
    "resume": resume.resume,
    "desk": desk.desk,
    "large": large.large,
    "log": log.log,
}
# What is measured and dated together on the page, by the name it is kept under.
SETS: dict[str, tuple[str, ...]] = {
    "table": tuple(name for name in GROUPS if name not in ("desk", "large", "log")),
    "desk": ("desk",),
    "large": ("large",),
    "log": ("log",),
}
_SEALING, _S3 = ("age", "age-keygen", "openssl"), ("aws", "rclone", "ceph-mon", "ceph-osd", "radosgw", "ceph")
PROGRAMS = {
    "open-file": _SEALING,
    "open-memory": _SEALING,
    "seal": _SEALING,
    "ingest": _SEALING,
    "nginx": ("nginx", "curl", "aria2c", "age"),
    "s3": _S3,
    "publish": _S3,
    "api": _S3,
    "resume": ("nginx",),
    "desk": (),
    "large": ("nginx",),
    "log": (),
}
LIBRARIES = ("cryptography", "blake3", "boto3")
# A download is short beside the start of its command: the longer one tells more of the rate.
SIZES = {"nginx": 2 * GIB, "s3": 2 * GIB, "large": 20 * GIB}
UNSIZED = ("api", "desk", "log")
BINARY = ("KiB", "MiB", "GiB")
_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "MB": 10**6, "GB": 10**9}


def main(arguments: Sequence[str]) -> int:
    """Returns: the exit status."""
    wishes = _parser().parse_args(arguments)
    if wishes.page:
        write_page()
        return 0
    wanted = [tuple(wishes.only)] if wishes.only else [SETS["table"], SETS["desk"]]
    # Every one is measured, also after one that could not be.
    return max([_measured(names, wishes) for names in wanted])


def _measured(names: tuple[str, ...], wishes: argparse.Namespace) -> int:
    """Measure these groups, and keep the figures where they are a whole set. Returns: the exit status."""
    runs = wishes.runs or (1 if names == SETS["large"] else 5)
    try:
        peers.ensure_programs(_programs(names))
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    figures, failed = measure(names, wishes.size, runs, wishes.kills)
    print(table(figures.rows))
    if failed:
        print(f"Not measured, so nothing is kept: {', '.join(failed)}.", file=sys.stderr)
        return 1
    kept = next((name for name, groups in SETS.items() if groups == names), None)
    if kept and not wishes.no_page:
        save(figures, kept)
        write_page()
    return 0


def measure(names: Sequence[str], size: int | None, runs: int, kills: int) -> tuple[Figures, list[str]]:
    """Run these groups of rows, one after the other.

    size: bytes that a row moves; None: what SIZES says. kills: of the row `resume`.
    Returns: the figures, and the groups that could not be measured, each told why when it happened.
    """
    rows: list[Row] = []
    failed: list[str] = []
    for name in names:
        context = Context(size or SIZES.get(name, GIB), runs, kills)
        context.say(f"{name} …")
        try:
            measured = [with_size(row, context.size) for row in GROUPS[name](context)]
        except (BenchError, RuntimeError, OSError) as error:  # servers raise the last two
            context.say(f"{name} could not be measured: {error}")
            failed.append(name)
        else:
            context.say(table(measured))
            rows += measured
    figures = Figures(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        revision=_revision(),
        runs=runs,
        machine=this_machine(),
        versions=_versions(names),
        rows=tuple(rows),
    )
    return figures, failed


def with_size(row: Row, size: int) -> Row:
    """The row with what it moved as its first fact, where it moved anything."""
    moved = () if row.key in UNSIZED else (f"{size_text(size)} of random data.",)
    return replace(row, facts=(*moved, *row.facts))


def write_page() -> None:
    """Write docs/reference/benchmarks.md from what was kept and from the notes."""
    kept = [figures for name in SETS if (figures := load(name)) is not None]
    PAGE.write_text(render(kept, read_notes(NOTES.read_text())))


def size_of(text: str) -> int:
    """Bytes of "1GiB", "64 MiB", "20GB". Raises: argparse.ArgumentTypeError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", text.strip())
    if match is None or match[2] not in _UNITS:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; give one like 64MiB or 1GiB")
    return int(float(match[1]) * _UNITS[match[2]])


def size_text(size: int) -> str:
    """Bytes in the largest binary unit that gives a round number."""
    unit = max((unit for unit in BINARY if size % _UNITS[unit] == 0), key=_UNITS.__getitem__, default="")
    return f"{size // _UNITS[unit]:,} {unit or 'bytes'}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--only", action="append", choices=GROUPS, help="these rows; repeatable")
    parser.add_argument("--size", type=size_of, help="what a row moves, such as 64MiB")
    parser.add_argument("--runs", type=int, help="turns of each contestant (5; 1 for large)")
    parser.add_argument("--kills", type=int, default=100, help="kills of the row resume (100)")
    parser.add_argument("--no-page", action="store_true", help="keep nothing, write no page")
    parser.add_argument("--page", action="store_true", help="measure nothing; write the page again")
    return parser


def _programs(names: Sequence[str]) -> list[str]:
    return sorted({program for name in names for program in PROGRAMS[name]})


def _versions(names: Sequence[str]) -> dict[str, str]:
    from importlib.metadata import version

    found = {"Python": sys.version.split()[0], **{name: version(name) for name in LIBRARIES}}
    if {"open-file", "seal"} & set(names):
        found |= peers.pinned(peers.REQUIREMENTS.read_text())
    asked = [
        name for name in _programs(names) if name not in ("age-keygen", "ceph-mon", "ceph-osd", "radosgw")
    ]
    return found | peers.versions(asked)


def _revision() -> str:
    asked = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
