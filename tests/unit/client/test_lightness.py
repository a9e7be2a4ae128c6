"""`weights --help` is instant: it loads typer and nothing heavy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
HEAVY = (
    "httpx",
    "cryptography",
    "blake3",
    "keyring",
    "torch",
    "numpy",
    "django",
    "rich.progress",
    "weights_vault.sealed",
)

PROGRAM = """
import json, sys
from weights_vault.client.main import run
code = run(["--help"])
print("\\n" + json.dumps({"code": code, "loaded": sorted(sys.modules)}))
"""


def test_help_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["code"] == 0
    assert set(HEAVY) & set(result["loaded"]) == set()


def test_a_terminal_without_the_characters_is_no_reason_to_fail(tmp_path: Path) -> None:
    environment = {"PATH": "", "PYTHONIOENCODING": "ascii", "WEIGHTS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "weights_vault.client.main", "show", "opt"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "https://?" in done.stderr
