"""Rows and figures as a run would give them, for the tests of what is made from them."""

from tests.benchmarks.figures import Figures
from tests.benchmarks.machine import Machine
from tests.benchmarks.row import Row, Series, Target, Unit


def series(name: str, *samples: float) -> Series:
    return Series(name, (f"{name} $T/file",), samples)


def row(
    ours: float = 3.0,
    theirs: float | None = 1.0,
    target: Target | None = Target("at least", 2.5),  # noqa: B008 - frozen
    unit: Unit = "GB/s",
    key: str = "open-file",
) -> Row:
    peer = None if theirs is None else series("age -d", theirs)
    return Row(key, "open file → file", unit, series("weights", ours), peer, target, ("A fact.",))


def figures(*rows: Row) -> Figures:
    machine = Machine("Some CPU (family 6)", 2, 24 * 2**30, "6.1.0", "Debian 12", "tmpfs (/dev/shm)")
    return Figures("2026-11-21", "abc1234", 5, machine, {"age": "1.1.1"}, rows or (row(),))
