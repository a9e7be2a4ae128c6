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
