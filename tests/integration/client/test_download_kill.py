"""D1 and Ctrl-C: the real command, as a process, killed while it downloads from a slow store."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulators.portal import TOKEN, SimulatedPortal
from tests.simulators.sealed_release import MIB, SealedRelease, random_files, seal_files
from weights_vault.sealed.body import PART_SIZE
from weights_vault.sealed.keys import generate_identity

ROOT = Path(__file__).parents[3]
KILLS = 10
JOBS = 2

pytestmark = pytest.mark.slow


@pytest.fixture
def portal() -> Iterator[SimulatedPortal]:
    """Six parts in three files; a store so slow that a whole download lasts more than 3 s."""
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
        if portal.closing.wait(0.005):
            raise AssertionError("the simulator was closed")


def assert_final_names_are_whole(folder: Path, release: SealedRelease) -> None:
    for file in release.files.values():
        final = folder / file.entry.path
        assert not final.exists() or final.read_bytes() == file.plain


def fetched_again(portal: SimulatedPortal, downloads: int) -> int:
    """Bytes that were sent more than once over so many complete downloads."""
    total = sum(file.entry.body_size - 16 for file in portal.release.files.values())
    return sum(sent.count for sent in portal.sent) - downloads * total


def assert_complete(folder: Path, release: SealedRelease) -> None:
    for file in release.files.values():
        assert (folder / file.entry.path).read_bytes() == file.plain


def test_d1_killed_at_ten_random_moments_it_resumes_with_the_same_result(
    portal: SimulatedPortal, place: Path
) -> None:
    moments = random.Random(20261101)
    kills, folders = 0, [place / "release-1"]
    while kills < KILLS:
        process = start(portal, place, folders[-1])
        wait_for_first_bytes(portal, len(portal.sent))
        try:
            process.communicate(timeout=moments.uniform(0.05, 1.6))
            assert_complete(folders[-1], portal.release)  # before its moment came: go on in a new folder
            folders.append(place / f"release-{len(folders) + 1}")
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
            assert_final_names_are_whole(folders[-1], portal.release)
    portal.bytes_per_s = 0
    process = start(portal, place, folders[-1])
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["complete"] is True
    assert_complete(folders[-1], portal.release)
    assert fetched_again(portal, len(folders)) <= KILLS * JOBS * PART_SIZE


def test_d1_parts_that_were_in_are_not_fetched_again(portal: SimulatedPortal, place: Path) -> None:
    process = start(portal, place)
    journal = place / "release" / ".weights" / "journal"
    while not journal.exists() or journal.read_text().count("\npart ") < 2:
        assert not portal.closing.wait(0.005)
    process.kill()
    process.communicate()
    lines = {tuple(line.split()[1:]) for line in journal.read_text().splitlines() if line.startswith("part ")}
    before = len(portal.sent)
    portal.bytes_per_s = 0
    process = start(portal, place)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    again = Counter((sent.file, str((sent.start - 16) // PART_SIZE)) for sent in portal.sent[before:])
    assert not lines & set(again)


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
