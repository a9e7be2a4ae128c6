"""D1 for upgrades: `kill -9` at the steps that change the disk, counted by the interpreter's own audit hook.

Whatever the step, the folder is of the old revision or on its way to the new one, no final name holds
anything partial, and the next run goes on, or back.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client.recipient import Recipient
from tests.simulators.portal import SimulatedPortal
from tests.simulators.sealed_release import MIB, SealedRelease, make_release, random_files, seal_files
from weights_vault.client.output import Output
from weights_vault.client.settings import Settings
from weights_vault.client.transfer.folder import DownloadFolder
from weights_vault.client.verify import FolderVerdict, open_folder, verify_folder
from weights_vault.sealed.body import PLAIN_PART_SIZE

CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.link")
WRITES = os.O_WRONLY | os.O_RDWR
STEPS = 16

BIG = random_files(seed=3, big=PLAIN_PART_SIZE + MIB)["big.safetensors"]
FIRST = {
    "config.json": b'{"v": 1}',
    "big.safetensors": BIG,
    "a/one.bin.safetensors": b"1" * 4000,
    "a/two.safetensors": b"2" * 4000,
    "gone/notes.txt": b"of v1",
}
SECOND = {
    "config.json": b'{"v": 2}',
    "big.safetensors": BIG[:PLAIN_PART_SIZE] + bytes(MIB),
    "a/one.bin.safetensors": b"2" * 4000,
    "a/two.safetensors": b"1" * 4000,
    "moved/notes.txt": b"new",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Recipient, SealedRelease, int]]:
    """A finished download of v1, a portal that has v2, and how many steps the way between them has."""
    place = tmp_path_factory.mktemp("upgrade")
    with SimulatedPortal(seal_files(FIRST)) as portal:
        recipient = Recipient(portal, place)
        recipient.download()
        first = portal.release
        publish_second(portal, first)
        recipient.folder.rename(place / "first")
        yield recipient, first, steps_of_the_way(recipient, place)


def publish_second(portal: SimulatedPortal, first: SealedRelease) -> None:
    known = {file.plain: file for file in first.files.values()}
    sealed = []
    for number, (path, plain) in enumerate(SECOND.items()):
        file = known.get(plain) or seal_files({path: plain})[0]
        sealed.append(replace(file, entry=replace(file.entry, path=path, id=f"fil_v2-{number}")))
    portal.publish(make_release(sealed, portal=portal.url, revision="v2", sequence=2))


def killed_at(recipient: Recipient, step: int, revision: str | None = None) -> int:
    """Run a download in a process of its own that is killed before its n-th change of the disk.

    step: from 1; 0 lets it run. Returns: how many changes there were; -1 if it was killed.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            os.write(writing, str(counted(recipient, step, revision)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return -1
    assert told, "the download failed in its own process"
    return int(told)


def counted(recipient: Recipient, step: int, revision: str | None) -> int:
    seen = 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
        if (event in CHANGES or writes) and str(recipient.folder) in str(arguments[0]):
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    recipient.download(revision)
    return seen


def steps_of_the_way(recipient: Recipient, place: Path) -> int:
    shutil.copytree(place / "first", recipient.folder)
    steps = killed_at(recipient, 0)
    shutil.rmtree(recipient.folder)
    return steps


def verdict_of(recipient: Recipient) -> tuple[str, bool, FolderVerdict]:
    settings = Settings(home=recipient.home, environment={})
    folder = DownloadFolder(recipient.folder)
    state, trusted = open_folder(settings, folder)
    verdict = verify_folder(folder, state, trusted, Output(quiet=True), lambda each: None)
    return state.revision, state.complete, verdict


def assert_of_one_or_on_its_way(recipient: Recipient) -> None:
    revision, complete, verdict = verdict_of(recipient)
    if complete:
        assert verdict.problems == ()
    else:
        assert revision == "v2"
        assert {each.problem for each in verdict.problems} <= {"missing", "old"}
        assert verdict.earlier == "v1"
    for path in {*FIRST, *SECOND}:
        final = recipient.folder / path
        assert not final.exists() or final.read_bytes() in (FIRST.get(path), SECOND.get(path))


@pytest.mark.parametrize("share", range(STEPS))
def test_d1_killed_at_a_step_it_is_of_one_revision_or_on_its_way_and_goes_on(
    world: tuple[Recipient, SealedRelease, int], share: int
) -> None:
    recipient, first, steps = world
    assert steps >= STEPS
    shutil.rmtree(recipient.folder, ignore_errors=True)
    shutil.copytree(recipient.folder.with_name("first"), recipient.folder)
    recipient.portal.sent.clear()
    assert killed_at(recipient, 1 + share * (steps - 1) // (STEPS - 1)) == -1
    assert_of_one_or_on_its_way(recipient)
    if share % 3 == 2:  # back to where it came from
        recipient.download("v1")
        recipient.assert_complete(first)
    recipient.download()
    recipient.assert_complete(recipient.portal.releases["v2"])
    assert verdict_of(recipient)[:2] == ("v2", True)
    assert not (recipient.folder / "gone").exists()
    big = [sent for sent in recipient.portal.sent if sent.start == 16 and sent.end - sent.start > 2 * MIB]
    assert big == []  # the equal part of the big file was here all the time
