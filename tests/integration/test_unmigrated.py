"""Commands on a database that was never migrated: one line and the next step, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow
NEXT_STEP = "→ Run: python manage.py migrate"


def manage(var: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(var), "VAR_DIR": str(var)}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "publish . --release opt --revision v1",
        "release withdraw opt@v1 --reason Old.",
        "smoketest opt",
        "role list",
        "organization list",
        "account disable ada@example.org",
        "remove_factors ada@example.org",
        "rewrap_secrets",
        "voters list",
        "audit verify",
        "log_signer --once",
    ],
)
def test_command_says_to_migrate(tmp_path: Path, line: str) -> None:
    done = manage(tmp_path, *line.split())
    said = done.stderr.splitlines()
    assert (done.returncode, said[-1]) == (1, NEXT_STEP)
    assert said[-2].startswith("CommandError: The database is not up to date: ")
    assert "Traceback" not in done.stderr


def test_doctor_says_to_migrate_beside_every_part_that_needs_tables(tmp_path: Path) -> None:
    done = manage(tmp_path, "doctor")
    lines = [line.strip() for line in done.stdout.splitlines()]
    failed = [line.split()[1] for line in lines if line.startswith("failed")]
    failed.remove("keeper")  # none runs here; it needs no tables of its own
    assert (done.returncode, failed) == (1, ["migrations", "mail", "worker", "agreements", "scrub", "log"])
    assert lines.count(NEXT_STEP) == len(failed)
    assert "no such table" not in done.stdout
