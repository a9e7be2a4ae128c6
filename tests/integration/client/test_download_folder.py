"""D8, D9, D11 and everyday use: what a folder holds, what is found in it again, and what it refuses."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client.recipient import Recipient
from tests.simulators import faults
from tests.simulators.portal import SimulatedPortal
from tests.simulators.sealed_release import (
    MIB,
    SealedFile,
    random_files,
    seal_files,
    small_files,
)
from weights_vault.client.errors import Incomplete, MachineFault, WrongUsage
from weights_vault.client.transfer import preflight, writer


@pytest.fixture(scope="module")
def sealed() -> list[SealedFile]:
    return seal_files({**small_files(), **random_files(large=33 * MIB)})


@pytest.fixture
def portal(sealed: list[SealedFile]) -> Iterator[SimulatedPortal]:
    with SimulatedPortal(sealed) as simulated:
        yield simulated


@pytest.fixture
def recipient(portal: SimulatedPortal, tmp_path: Path) -> Recipient:
    return Recipient(portal, tmp_path)


def part_of(portal: SimulatedPortal, path: str, index: int) -> tuple[str, int]:
    """A delivery as the simulator logs it: file id and start of the range."""
    file = portal.release.manifest.file(path)
    return file.id, file.part(index).body_start


def interrupt_after_two_parts(recipient: Recipient) -> None:
    """Leave a large file with two of its three parts in, as a lost connection does."""
    recipient.portal.faults.extend([faults.served] * 2)
    recipient.portal.every_fault = faults.cut_short(0)
    with pytest.raises(Incomplete):
        recipient.download(include=("large*",), jobs=1)
    recipient.portal.every_fault = None
    recipient.portal.sent.clear()


def test_everything_is_opened_with_private_modes(recipient: Recipient) -> None:
    summary = recipient.download()
    recipient.assert_complete()
    assert summary.complete
    assert summary.again == 0
    files = [path for path in recipient.folder.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    folders = [recipient.folder, *(path for path in recipient.folder.rglob("*") if path.is_dir())]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_a_second_run_fetches_nothing(recipient: Recipient) -> None:
    recipient.download()
    recipient.portal.sent.clear()
    summary = recipient.download()
    assert recipient.portal.sent == []
    assert summary.fetched == 0
    recipient.assert_complete()


def test_a_lost_connection_leaves_nothing_partial_and_only_the_rest_is_fetched(recipient: Recipient) -> None:
    interrupt_after_two_parts(recipient)
    assert recipient.final_names == []
    recipient.download(include=("large*",))
    assert [(sent.file, sent.start) for sent in recipient.portal.sent] == [
        part_of(recipient.portal, "large.safetensors", 2)
    ]


def test_d9_a_bit_flipped_in_the_partial_file_costs_that_part_alone(recipient: Recipient) -> None:
    interrupt_after_two_parts(recipient)
    partial = (
        recipient.folder
        / ".weights"
        / "partial"
        / recipient.portal.release.manifest.file("large.safetensors").id
    )
    with partial.open("r+b") as file:
        file.seek(5 * MIB)
        byte = file.read(1)[0]
        file.seek(5 * MIB)
        file.write(bytes([byte ^ 1]))
    summary = recipient.download(include=("large*",))
    assert sorted((sent.file, sent.start) for sent in recipient.portal.sent) == [
        part_of(recipient.portal, "large.safetensors", 0),
        part_of(recipient.portal, "large.safetensors", 2),
    ]
    assert summary.damaged == 1
    assert (recipient.folder / "large.safetensors").read_bytes() == recipient.portal.release.named(
        "large.safetensors"
    ).plain


def test_a_torn_journal_is_read_up_to_its_last_whole_line(recipient: Recipient) -> None:
    interrupt_after_two_parts(recipient)
    journal = recipient.folder / ".weights" / "journal"
    journal.write_bytes(journal.read_bytes()[:-3])
    recipient.download()
    recipient.assert_complete()
    assert len([sent for sent in recipient.portal.sent if "safetensors" in sent.file or sent.start > 16]) <= 3


def test_a_journal_of_garbage_costs_time_and_nothing_else(recipient: Recipient) -> None:
    interrupt_after_two_parts(recipient)
    (recipient.folder / ".weights" / "journal").write_bytes(os.urandom(5000))
    recipient.download()
    recipient.assert_complete()


def test_a_finished_file_that_was_changed_is_mended_part_by_part(recipient: Recipient) -> None:
    recipient.download()
    recipient.portal.sent.clear()
    with (recipient.folder / "large.safetensors").open("r+b") as file:
        file.seek(20 * MIB)
        file.write(b"changed")
    recipient.download()
    recipient.assert_complete()
    assert [(sent.file, sent.start) for sent in recipient.portal.sent] == [
        part_of(recipient.portal, "large.safetensors", 1)
    ]


def test_killed_between_the_last_part_and_the_rename_needs_no_fetch(recipient: Recipient) -> None:
    recipient.download()
    target = recipient.portal.release.manifest.file("large.safetensors")
    journal = recipient.folder / ".weights" / "journal"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if not line.startswith(f"file {target.id}")))
    (recipient.folder / target.path).replace(recipient.folder / ".weights" / "partial" / target.id)
    recipient.portal.sent.clear()
    recipient.download()
    assert recipient.portal.sent == []
    recipient.assert_complete()


def test_include_takes_what_matches_and_a_later_run_adds_to_it(recipient: Recipient) -> None:
    assert not recipient.download(include=("*.json",)).complete
    assert recipient.final_names == ["config.json", "tokenizer/vocab.json"]
    recipient.download(include=("model*",))
    assert recipient.final_names == ["config.json", "model.safetensors", "tokenizer/vocab.json"]
    assert recipient.download().complete
    recipient.assert_complete()


def test_part_of_an_interrupted_download_is_not_taken_for_all_of_it(recipient: Recipient) -> None:
    recipient.portal.faults.extend([faults.served] * 3)
    recipient.portal.every_fault = faults.cut_short(0)
    with pytest.raises(Incomplete):
        recipient.download(jobs=1)
    recipient.portal.every_fault = None
    assert not recipient.download(include=("config.json",)).complete
    state = json.loads((recipient.folder / ".weights" / "state.json").read_text())
    assert (state["include"], state["complete"]) == ([], False)
    assert recipient.download().complete
    recipient.assert_complete()


def test_include_that_matches_nothing_is_refused_before_anything_is_made(recipient: Recipient) -> None:
    with pytest.raises(WrongUsage, match="No file"):
        recipient.download(include=("*.gguf",))
    assert not recipient.folder.exists()


def test_keep_sealed_leaves_what_age_opens(recipient: Recipient, tmp_path: Path) -> None:
    recipient.download(keep_sealed=True)
    recipient.assert_complete()
    key = tmp_path / "key.txt"
    key.write_text(recipient.identity.identity.to_text() + "\n")
    for file in recipient.portal.release.files.values():
        stem = recipient.folder / ".sealed" / file.entry.path
        sealed = Path(f"{stem}.header").read_bytes() + Path(f"{stem}.body").read_bytes()
        opened = subprocess.run(
            [shutil.which("age") or "age", "-d", "-i", str(key)],
            input=sealed,
            capture_output=True,
            check=True,
        )
        assert opened.stdout == file.plain


def test_keep_sealed_resumes_and_can_be_asked_for_later(recipient: Recipient) -> None:
    interrupt_after_two_parts(recipient)
    recipient.download(keep_sealed=True)
    recipient.assert_complete()
    for file in recipient.portal.release.files.values():
        assert Path(f"{recipient.folder / '.sealed' / file.entry.path}.body").read_bytes() == file.body
    recipient.portal.sent.clear()
    recipient.download(keep_sealed=True)
    assert recipient.portal.sent == []


def test_d11_the_second_download_into_one_folder_exits_clearly(recipient: Recipient) -> None:
    recipient.download()
    with (recipient.folder / ".weights" / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(WrongUsage) as caught:
            recipient.download()
    assert caught.value.reference == "folder-in-use"


def test_a_folder_with_other_things_in_it_is_refused(recipient: Recipient) -> None:
    recipient.folder.mkdir()
    (recipient.folder / "thesis.tex").write_text("years of work")
    with pytest.raises(WrongUsage) as caught:
        recipient.download()
    assert caught.value.reference == "folder-not-empty"
    assert sorted(path.name for path in recipient.folder.iterdir()) == ["thesis.tex"]


def test_a_folder_of_another_release_is_refused(recipient: Recipient) -> None:
    recipient.download(include=("*.json",))
    state = recipient.folder / ".weights" / "state.json"
    state.write_text(state.read_text().replace('"opt-tiny"', '"opt-other"'))
    with pytest.raises(WrongUsage) as caught:
        recipient.download()
    assert caught.value.reference == "folder-holds-another"
    assert "opt-other@v1" in caught.value.next_step


def test_a_link_inside_the_folder_is_never_written_through(recipient: Recipient, tmp_path: Path) -> None:
    recipient.download(include=("config.json",))
    outside = tmp_path / "outside"
    outside.mkdir()
    (recipient.folder / "tokenizer").symlink_to(outside)
    with pytest.raises(WrongUsage) as caught:
        recipient.download()
    assert caught.value.reference == "folder-has-links"
    assert list(outside.iterdir()) == []


def test_d8_a_disk_too_small_is_said_before_anything_is_fetched(
    recipient: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "room_in", lambda place: preflight.Room(70 * MIB, None))
    with pytest.raises(MachineFault) as caught:
        recipient.download()
    assert (caught.value.exit_code, caught.value.reference) == (7, "disk-full")
    assert recipient.portal.sent == []


@pytest.mark.parametrize(
    ("code", "reference"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "quota-reached"),
        (errno.EROFS, "disk-read-only"),
        (errno.EIO, "disk-error"),
    ],
)
@pytest.mark.parametrize("call", ["pwrite", "fsync"])
def test_d8_a_disk_that_fails_in_the_middle_ends_with_7_and_resumes(
    recipient: Recipient, monkeypatch: pytest.MonkeyPatch, call: str, code: int, reference: str
) -> None:
    real = getattr(os, call)
    calls = 0

    def failing(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError(code, os.strerror(code))
        return real(*arguments)

    with monkeypatch.context() as broken:
        broken.setattr(writer.os, call, failing)
        with pytest.raises(MachineFault) as caught:
            recipient.download(jobs=1)
    assert (caught.value.exit_code, caught.value.reference) == (7, reference)
    recipient.download()
    recipient.assert_complete()


def test_d8_a_folder_that_may_not_be_written_is_said_first(
    recipient: Recipient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    with pytest.raises(MachineFault) as caught:
        recipient.download()
    assert caught.value.reference == "folder-not-writable"
    assert not recipient.folder.exists()


def test_state_says_what_the_folder_holds(recipient: Recipient) -> None:
    recipient.download()
    state = json.loads((recipient.folder / ".weights" / "state.json").read_text())
    assert (state["portal"], state["release"], state["revision"], state["complete"]) == (
        recipient.portal.url, "opt-tiny", "v1", True,
    )  # fmt: skip
    assert (recipient.folder / ".weights" / "manifest.dsse.json").read_bytes() == recipient.portal.manifests[
        "v1"
    ]
