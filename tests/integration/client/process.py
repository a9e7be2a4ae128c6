"""The real `weights download`, as a process, of a person with an enrolled key at the simulator."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.simulators.portal import TOKEN, SimulatedPortal
from weights_vault.sealed.keys import generate_identity

ROOT = Path(__file__).parents[3]


def enrolled(portal: SimulatedPortal, place: Path) -> dict[str, str]:
    """The environment of a person whose key lies in `place`, and who has a token."""
    identity = generate_identity("x25519")
    portal.add_key(str(identity.recipient))
    key = place / "key.txt"
    key.touch(mode=0o600)
    key.write_text(identity.to_text() + "\n")
    return os.environ | {
        "WEIGHTS_HOME": str(place / "home"),
        "WEIGHTS_PORTAL": portal.url,
        "WEIGHTS_TOKEN": TOKEN,
        "WEIGHTS_IDENTITY": str(key),
    }


def download_command(folder: Path, *, jobs: int) -> list[str]:
    """`weights download`; to be run in ROOT."""
    words = ["download", "opt-tiny", "--to", str(folder), "--jobs", str(jobs), "--json"]
    return [sys.executable, "-m", "weights_vault.client.main", *words]
