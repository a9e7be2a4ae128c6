"""Ctrl-C at the very beginning and at the very end: quiet, 130, and no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CTRL_C = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"


def started(place: Path, *words: str, ignored: bool = False) -> subprocess.CompletedProcess[str]:
    """`weights`, with `place` first among the folders that modules come from."""
    folders = os.pathsep.join([str(place), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "weights_vault.client", *words],
        env={"PATH": "", "PYTHONPATH": folders, "WEIGHTS_HOME": str(place)},
        capture_output=True, text=True, check=False, timeout=60,
        preexec_fn=(lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignored else None,
    )  # fmt: skip


@pytest.mark.parametrize("module", ["typer", "traceback"])
def test_ctrl_c_while_the_command_loads_is_130_and_quiet(tmp_path: Path, module: str) -> None:
    (tmp_path / f"{module}.py").write_text(CTRL_C)
    done = started(tmp_path, "--help")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_at_the_end_is_130_and_quiet(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import atexit\natexit.register(lambda: exec({CTRL_C!r}))\n")
    done = started(tmp_path, "--version")
    assert (done.returncode, done.stderr) == (130, "")
    assert done.stdout.startswith("weights ")


def test_where_it_was_ignored_it_stays_ignored(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import atexit\natexit.register(lambda: exec({CTRL_C!r}))\n")
    done = started(tmp_path, "--version", ignored=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_installed_command_begins_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"weights": "weights_vault.client.__main__:main"}
