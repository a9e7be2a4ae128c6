"""The memory of a download: a real process that fetches more parts than it has buffers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulators.portal import TOKEN, SimulatedPortal
from tests.simulators.sealed_release import random_files, seal_files
from weights_vault.sealed.body import PART_SIZE, PLAIN_PART_SIZE
from weights_vault.sealed.keys import generate_identity

ROOT = Path(__file__).parents[3]
JOBS = 8
PARTS = 41
MB = 10**6
# One buffer of a part, the stack and the socket's share; two buffers (33.6 MB) are well beyond it.
JOB_BYTES = 20 * MB

# Runs `weights` and then says how much memory the process held at its most, in KiB. Not by getrusage, which
# counts what the test's own process held when it forked.
PROGRAM = """
import pathlib, re, sys
from weights_vault.client.main import run
code = run(sys.argv[1:])
status = pathlib.Path("/proc/self/status").read_text()
sys.stderr.write("\\npeak " + re.search(r"VmHWM:\\s+(\\d+) kB", status)[1] + "\\n")
sys.exit(code)
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def portal() -> Iterator[SimulatedPortal]:
    """Files of one part each, so that the simulator needs no whole release of plaintext in memory."""
    part = random_files(model=PLAIN_PART_SIZE)["model.safetensors"]
    weights = {f"model-{number}.safetensors": part for number in range(PARTS)}
    with SimulatedPortal(seal_files({"config.json": b"{}", **weights})) as simulated:
        yield simulated


def peak(portal: SimulatedPortal, place: Path, *words: str) -> int:
    """Run a download of the real command. Returns: bytes that it held at its most."""
    identity = generate_identity("x25519")
    key = place / "identity.txt"
    key.write_text(identity.to_text())
    key.chmod(0o600)
    portal.add_key(str(identity.recipient))
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "WEIGHTS_PORTAL": portal.url,
        "WEIGHTS_TOKEN": TOKEN,
        "WEIGHTS_HOME": str(place / "home"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "NO_PROXY": "*",
    }
    command = ["download", "opt-tiny", "--to", str(place / "release"), "--identity", str(key), *words]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stderr.rsplit("peak ", 1)[1]) * 1024


def test_eight_jobs_hold_a_buffer_each_and_no_more_than_that(portal: SimulatedPortal, tmp_path: Path) -> None:
    # The base: the same command, imports and API calls, for a file of two bytes.
    (tmp_path / "small").mkdir()
    base = peak(portal, tmp_path / "small", "--include", "*.json")
    portal.sent.clear()
    held = peak(portal, tmp_path, "--jobs", str(JOBS))
    assert len(portal.sent) == PARTS + 1
    assert base + JOBS * PART_SIZE / 2 < held < base + JOBS * JOB_BYTES
    assert held < 250 * MB + JOBS * JOB_BYTES
