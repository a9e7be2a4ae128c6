"""D1 and Ctrl-C: the real command, as a process, killed while it downloads from a slow store."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.simulators.portal import TOKEN, SimulatedPortal
from tests.simulators.sealed_release import MIB, SealedRelease, random_files, seal_files
from weights_vault.sealed.body import NONCE_SIZE, PART_SIZE
from weights_vault.sealed.keys import generate_identity

ROOT = Path(__file__).parents[3]
KILLS = 10
JOBS = 2

Part: TypeAlias = tuple[str, int]  # file id, part number

pytestmark = pytest.mark.slow


@pytest.fixture
def portal() -> Iterator[SimulatedPortal]:
    """Seven parts in three files; a store so slow that a whole download lasts more than 3 s."""
    files = random_files(first=47 * MIB, second=33 * MIB, third=MIB)
    with SimulatedPortal(seal_files(files)) as simulated:
        simulated.bytes_per_s = 14 * MIB
        yield simulated


@pytest.fixture
def place(tmp_path: Path, portal: SimulatedPortal) -> Path:
    """A folder with a home and an enrolled key."""
    identity = generate_identity("x25519")
    portal.add_key(str(identity.recipient))
    key = tmp_path / "key.txt"
    key.write_text(identity.to_text() + "\n")
    key.chmod(0o600)
    return tmp_path


def start(portal: SimulatedPortal, place: Path, folder: Path | None = None) -> subprocess.Popen[str]:
    environment = os.environ | {
        "WEIGHTS_HOME": str(place / "home"),
        "WEIGHTS_PORTAL": portal.url,
        "WEIGHTS_TOKEN": TOKEN,
        "WEIGHTS_IDENTITY": str(place / "key.txt"),
    }
    words = ["download", "opt-tiny", "--to", str(folder or place / "release"), "--jobs", str(JOBS), "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "weights_vault.client.main", *words],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for_first_bytes(portal: SimulatedPortal, already: int) -> None:
    """Until the process has begun to fetch: before that a kill interrupts nothing worth testing."""
    while len(portal.sent) == already:
        wait_a_moment(portal)


def wait_for_another_part(
    portal: SimulatedPortal, folder: Path, already: int, process: subprocess.Popen[str]
) -> None:
    """Until one more part is in, or the process has ended."""
    while len(journaled(folder)) == already and process.poll() is None:
        wait_a_moment(portal)


def wait_a_moment(portal: SimulatedPortal) -> None:
    if portal.closing.wait(0.005):
        raise AssertionError("the simulator was closed")


def journaled(folder: Path) -> set[Part]:
    """The parts that are in, as the journal has them; a line that a kill cut off is none."""
    journal = folder / ".weights" / "journal"
    lines = journal.read_text().split("\n")[:-1] if journal.exists() else []
    words = [line.split(" ") for line in lines if line.startswith("part ")]
    return {(file, int(index)) for _, file, index in words}


def begun(portal: SimulatedPortal, since: int) -> set[Part]:
    """The parts whose fetch was begun, by the simulator's own log. since: length of that log before."""
    return {(sent.file, (sent.start - NONCE_SIZE) // PART_SIZE) for sent in portal.sent[since:]}


def assert_final_names_are_whole(folder: Path, release: SealedRelease) -> None:
    for file in release.files.values():
        final = folder / file.entry.path
        assert not final.exists() or final.read_bytes() == file.plain


def assert_complete(folder: Path, release: SealedRelease) -> None:
    for file in release.files.values():
        assert (folder / file.entry.path).read_bytes() == file.plain


def ends_before(process: subprocess.Popen[str], moment_s: float) -> bool:
    """Give the process so long, then `kill -9`. Returns: whether it had come to its end by itself."""
    try:
        _, err = process.communicate(timeout=moment_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return False
    assert process.returncode == 0, err
    return True


def test_d1_killed_at_ten_random_moments_it_resumes_with_the_same_result(
    portal: SimulatedPortal, place: Path
) -> None:
    """Half of the moments are counted from the first byte, half from a part that came in.

    What is in is never fetched again, so a kill costs what was under way: at most one part a worker.
    """
    moments = random.Random(20261101)
    kills, known_at_kill, number = 0, [], 1
    known: set[Part] = set()
    while kills < KILLS:
        folder, before = place / f"release-{number}", len(portal.sent)
        process = start(portal, place, folder)
        wait_for_first_bytes(portal, before)
        if kills % 2:
            wait_for_another_part(portal, folder, len(known), process)
        ended = ends_before(process, moments.uniform(0.02, 0.8))
        fetched = begun(portal, before)
        assert not fetched & known
        if ended:  # before its moment came: go on in a new folder
            assert_complete(folder, portal.release)
            number, known = number + 1, set()
            continue
        kills += 1
        assert known <= journaled(folder)
        known = journaled(folder)
        known_at_kill.append(len(known))
        assert len(fetched - known) <= JOBS
        assert_final_names_are_whole(folder, portal.release)
    assert sum(count > 0 for count in known_at_kill) >= KILLS // 4
    portal.bytes_per_s, before = 0, len(portal.sent)
    process = start(portal, place, folder)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["complete"] is True
    assert_complete(folder, portal.release)
    assert not begun(portal, before) & known


def test_d1_parts_that_were_in_are_not_fetched_again(portal: SimulatedPortal, place: Path) -> None:
    process = start(portal, place)
    while len(journaled(place / "release")) < 2:
        wait_a_moment(portal)
    process.kill()
    process.communicate()
    known, before = journaled(place / "release"), len(portal.sent)
    portal.bytes_per_s = 0
    process = start(portal, place)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert not begun(portal, before) & known


def test_ctrl_c_ends_with_130_keeps_the_state_and_says_how_to_resume(
    portal: SimulatedPortal, place: Path
) -> None:
    process = start(portal, place)
    wait_for_first_bytes(portal, 0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out)["error"]["reference"] == "interrupted"
    assert "Run the same command again" in err
    assert "Traceback" not in err
    assert_final_names_are_whole(place / "release", portal.release)
    portal.bytes_per_s = 0
    process = start(portal, place)
    process.communicate(timeout=60)
    assert process.returncode == 0
