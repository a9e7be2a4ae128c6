"""SIGTERM and SIGHUP as schedulers and lost terminals send them, to the real command on a pty and without."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.simulators.portal import TOKEN, Answer, SimulatedPortal
from tests.simulators.sealed_release import MIB, SealedFile, random_files, seal_files
from weights_vault.sealed.keys import generate_identity

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sealed() -> list[SealedFile]:
    return seal_files(random_files(first=33 * MIB, second=MIB))


@pytest.fixture
def portal(sealed: list[SealedFile], tmp_path: Path) -> Iterator[SimulatedPortal]:
    """So slow that the command is in the middle when it is told to end."""
    identity = generate_identity("x25519")
    key = tmp_path / "key.txt"
    key.write_text(identity.to_text() + "\n")
    key.chmod(0o600)
    with SimulatedPortal(sealed) as simulated:
        simulated.add_key(str(identity.recipient))
        simulated.bytes_per_s = 12 * MIB
        yield simulated


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(portal: SimulatedPortal, tmp_path: Path) -> Iterator[Start]:
    """Start the command; ended with the test."""
    processes = []
    environment = os.environ | {
        "WEIGHTS_HOME": str(tmp_path / "home"),
        "WEIGHTS_PORTAL": portal.url,
        "WEIGHTS_TOKEN": TOKEN,
        "WEIGHTS_IDENTITY": str(tmp_path / "key.txt"),
        "COLUMNS": "100",
    }

    def started(*front: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "weights_vault.client.main", "download", "opt-tiny"]
        process = subprocess.Popen(
            [*front, *words, "--to", str(tmp_path / "release"), "--jobs", "2"],
            cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=stderr,
        )  # fmt: skip
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.communicate()


def in_the_middle(portal: SimulatedPortal) -> None:
    while not any(sent.count for sent in portal.sent):
        assert not portal.closing.wait(0.005)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_ends_with_6_and_the_same_command_goes_on(
    portal: SimulatedPortal, start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    process = start()
    in_the_middle(portal)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 6, err
    assert "error[terminated]" in err
    assert f"{number.name} came" in err
    assert "Run the same command again" in err
    journal = (tmp_path / "release" / ".weights" / "journal").read_text()
    assert journal.endswith("\n")
    portal.bytes_per_s = 0
    again = start()
    out, err = again.communicate(timeout=60)
    assert (again.returncode, "verified and opened" in out) == (0, True), err


def test_under_nohup_a_lost_terminal_ends_nothing(portal: SimulatedPortal, start: Start) -> None:
    process = start("nohup")
    in_the_middle(portal)
    process.send_signal(signal.SIGHUP)
    portal.bytes_per_s = 0
    out, err = process.communicate(timeout=60)
    assert (process.returncode, "verified and opened" in out) == (0, True), err


def test_on_a_terminal_the_words_stand_below_the_bars(portal: SimulatedPortal, start: Start) -> None:
    master, slave = pty.openpty()
    process = start(stderr=slave)
    os.close(slave)
    in_the_middle(portal)
    process.send_signal(signal.SIGTERM)
    said = bytearray()
    while chunk := _read(master):
        said += chunk
    os.close(master)
    process.wait(timeout=30)
    text = said.decode()
    assert process.returncode == 6
    assert "total" in text
    assert "error[terminated]" in text.rsplit("total", 1)[1]
    assert "Traceback" not in text


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux says EIO where the other end is closed
        return b""


def test_before_anything_is_fetched_a_signal_ends_with_6_too(
    portal: SimulatedPortal, start: Start, tmp_path: Path
) -> None:
    """A job whose time ends while the portal is asked goes back into the queue as well."""
    asked = threading.Event()

    def never(handler: object) -> None:
        asked.set()
        portal.closing.wait()

    portal.answers["/api/v1/trust"] = Answer(write=never)
    process = start()
    assert asked.wait(30)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, "error[terminated]" in err) == (6, True), err
    assert not (tmp_path / "release").exists()
