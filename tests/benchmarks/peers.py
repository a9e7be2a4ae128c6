"""The peers: where they come from, how they are installed, which versions they are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.benchmarks.errors import BenchError

REQUIREMENTS = Path(__file__).with_name("peers.txt")
PYTHON_PEERS = Path(sys.prefix) / "bench"  # a virtual environment inside the checkout's own
CLIENT = Path(sys.prefix) / "bench-client"  # another, with nothing but what `weights` needs
ROOT = Path(__file__).resolve().parents[2]
# Debian's programs, also where another one of the same name stands earlier on somebody's PATH.
SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Peer:
    """One program. package: Debian's that has it. version: the arguments that make it tell its version."""

    program: str
    package: str
    version: tuple[str, ...] = ("--version",)


DEBIAN = {
    peer.program: peer
    for peer in (
        Peer("age", "age"),
        Peer("age-keygen", "age"),
        Peer("openssl", "openssl", ("version",)),
        Peer("curl", "curl"),
        Peer("aria2c", "aria2"),
        Peer("aws", "awscli"),
        Peer("rclone", "rclone", ("version",)),
        Peer("nginx", "nginx-light", ("-v",)),
        Peer("ceph-mon", "ceph-mon"),
        Peer("ceph-osd", "ceph-osd"),
        Peer("radosgw", "radosgw"),
        Peer("ceph", "ceph-common"),
    )
}
_VERSION = re.compile(r"(?<![\w.])v?(\d+(?:\.\d+)+[\w.~-]*)")


def program(name: str) -> str:
    """The full path of a Debian program. Raises: BenchError: it is not installed."""
    found = shutil.which(name, path=SYSTEM_PATH)
    if found is None:
        raise BenchError(f"{name} is not installed: apt-get install {DEBIAN[name].package}")
    return found


def ensure_programs(names: Iterable[str]) -> None:
    """Install what is missing, as root; else say with which command to.

    Raises: BenchError: something is missing, and this is not root.
    """
    missing = sorted({DEBIAN[name].package for name in names if not shutil.which(name, path=SYSTEM_PATH)})
    if not missing:
        return
    command = ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        raise BenchError(f"Some peers are not installed. As root: {' '.join(command)}")
    _install(["apt-get", "update", "-qq"])
    _install(command)


def ensure_python_peers() -> Path:
    """Install the peers of PyPI where they are not yet. Returns: the folder of their programs."""
    mark, programs = PYTHON_PEERS / "peers.txt", PYTHON_PEERS / "bin"
    if not mark.exists() or mark.read_text() != REQUIREMENTS.read_text():
        venv.create(PYTHON_PEERS, with_pip=True, clear=True)
        pip = [str(programs / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _install([*pip, "--requirement", str(REQUIREMENTS)])
        mark.write_text(REQUIREMENTS.read_text())
    return programs


@cache
def ensure_client() -> Path:
    """Install the wheel built from here, as people do. Returns: the program `weights`."""
    programs = CLIENT / "bin"
    if not (programs / "python").exists():
        venv.create(CLIENT, with_pip=True)
    pip = [str(programs / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory() as folder:
        _install([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, str(ROOT)])
        [wheel] = map(str, Path(folder).glob("*.whl"))
        _install([*pip, wheel])
        _install([*pip, "--force-reinstall", "--no-deps", wheel])  # of the same version, with other content
    return programs / "weights"


def _install(command: list[str]) -> None:
    """Raises: BenchError: it failed; with what it said."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def versions(names: Iterable[str]) -> dict[str, str]:
    """The version of each Debian program of these that is there, by name."""
    found = {}
    for name in names:
        asked = subprocess.run(
            [program(name), *DEBIAN[name].version], capture_output=True, text=True, check=False
        )
        found[name] = version_in(asked.stdout + asked.stderr)
    return found


def pinned(requirements: str) -> dict[str, str]:
    """Name and version of each line of a requirements file."""
    lines = [line.strip() for line in requirements.splitlines()]
    named = (line.partition("==") for line in lines if line and not line.startswith("#"))
    return {name: version for name, _, version in named}


def version_in(text: str) -> str:
    """The first thing that looks like a version in what a program says of itself."""
    found = _VERSION.search(text)
    return found[1].rstrip(".-") if found else "unknown"


def openssl_rate(text: str) -> float:
    """Bytes a second from the last line of `openssl speed`, whose figure is in thousands of them.

    Raises: BenchError: no such line.
    """
    found = re.search(r"^ChaCha20-Poly1305\s+([\d.]+)k", text, re.MULTILINE | re.IGNORECASE)
    if found is None:
        raise BenchError("openssl speed told no rate")
    return float(found[1]) * 1000
