"""From one revision to another in the same folder: only what changed moves, nothing of a person's is lost."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.client.recipient import Recipient
from tests.simulators import faults
from tests.simulators.portal import SimulatedPortal
from tests.simulators.sealed_release import (
    MIB,
    SealedFile,
    SealedRelease,
    make_release,
    random_files,
    seal_files,
)
from weights_vault.client.errors import Incomplete, NotAllowed, WrongUsage
from weights_vault.sealed.body import PLAIN_PART_SIZE

BIG = random_files(seed=1, big=PLAIN_PART_SIZE + MIB)["big.safetensors"]
FIRST: dict[str, bytes] = {
    "config.json": b'{"model_type": "opt"}',
    "big.safetensors": BIG,
    "shards/one.safetensors": b"1" * 5000,
    "shards/two.safetensors": b"2" * 6000,
    "gone/notes.txt": b"of v1 alone",
}


@pytest.fixture(scope="module")
def sealed() -> list[SealedFile]:
    return seal_files(FIRST)


@pytest.fixture
def portal(sealed: list[SealedFile]) -> Iterator[SimulatedPortal]:
    with SimulatedPortal(sealed) as simulated:
        yield simulated


@pytest.fixture
def recipient(portal: SimulatedPortal, tmp_path: Path) -> Recipient:
    return Recipient(portal, tmp_path)


def publish(portal: SimulatedPortal, files: Mapping[str, bytes], revision: str = "v2") -> SealedRelease:
    """Publish a revision, the next in order. What did not change keeps its body, as a publisher's does."""
    known = {file.plain: file for release in portal.releases.values() for file in release.files.values()}
    fresh = {path: plain for path, plain in files.items() if plain not in known}
    known |= {file.plain: file for file in seal_files(fresh, revision)}
    sealed = [
        replace(known[plain], entry=replace(known[plain].entry, path=path, id=f"fil_{revision}-{number}"))
        for number, (path, plain) in enumerate(files.items())
    ]
    release = make_release(sealed, portal=portal.url, revision=revision, sequence=len(portal.releases) + 1)
    portal.publish(release)
    portal.sent.clear()
    return release


def fetched(portal: SimulatedPortal) -> list[tuple[str, int]]:
    """What went out: path and part number."""
    files = {file.id: file for release in portal.releases.values() for file in release.manifest.files}
    return sorted((files[sent.file].path, sent.start // (16 * MIB)) for sent in portal.sent)


def changed_big() -> bytes:
    """Its second part is another."""
    return BIG[:PLAIN_PART_SIZE] + bytes(MIB)


def test_only_what_changed_is_fetched_and_what_is_gone_goes_at_the_end(recipient: Recipient) -> None:
    recipient.download()
    before = (recipient.folder / "shards/one.safetensors").stat()
    publish(recipient.portal, {**FIRST, "config.json": b'{"model_type": "opt", "v": 2}'})
    second = publish(
        recipient.portal,
        {
            "config.json": b"{}",
            "big.safetensors": changed_big(),
            "shards/one.safetensors": FIRST["shards/one.safetensors"],
            "shards/zwei.safetensors": FIRST["shards/two.safetensors"],
        },
        "v3",
    )
    summary = recipient.download()
    recipient.assert_complete(second)
    assert fetched(recipient.portal) == [("big.safetensors", 1), ("config.json", 0)]
    assert recipient.final_names == sorted(file.path for file in second.manifest.files)
    assert (summary.earlier, summary.left, summary.complete) == ("v1", (), True)
    after = (recipient.folder / "shards/one.safetensors").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not (recipient.folder / "gone").exists()
    assert not (recipient.folder / ".weights" / "before").exists()


def test_a_renamed_file_is_the_same_file_and_is_not_read_again(recipient: Recipient) -> None:
    recipient.download()
    inode = (recipient.folder / "big.safetensors").stat().st_ino
    files = {**FIRST, "new/large.safetensors": BIG}
    del files["big.safetensors"]
    second = publish(recipient.portal, files)
    recipient.download()
    recipient.assert_complete(second)
    assert fetched(recipient.portal) == []
    assert (recipient.folder / "new/large.safetensors").stat().st_ino == inode


def test_two_files_that_change_places_need_no_fetch(recipient: Recipient) -> None:
    recipient.download()
    one, two = FIRST["shards/one.safetensors"], FIRST["shards/two.safetensors"]
    second = publish(
        recipient.portal, {**FIRST, "shards/one.safetensors": two, "shards/two.safetensors": one}
    )
    recipient.download()
    recipient.assert_complete(second)
    assert fetched(recipient.portal) == []


def test_a_second_place_of_the_same_bytes_is_filled_from_here(recipient: Recipient) -> None:
    recipient.download()
    second = publish(recipient.portal, {**FIRST, "copy.safetensors": BIG})
    recipient.download()
    recipient.assert_complete(second)
    assert fetched(recipient.portal) == []


def test_a_file_where_a_folder_was_and_the_other_way_round(recipient: Recipient) -> None:
    recipient.download()
    files = {**FIRST, "shards": b"now a file", "config.json/inner.json": b"{}"}
    for path in ("config.json", "shards/one.safetensors", "shards/two.safetensors"):
        del files[path]
    second = publish(recipient.portal, files)
    recipient.download()
    recipient.assert_complete(second)


def test_what_a_person_changed_is_left_and_named(recipient: Recipient) -> None:
    recipient.download()
    (recipient.folder / "gone" / "notes.txt").write_text("and my own lines")
    (recipient.folder / "mine.txt").write_text("mine")
    files = {path: data for path, data in FIRST.items() if path != "gone/notes.txt"}
    second = publish(recipient.portal, files)
    summary = recipient.download()
    recipient.assert_complete(second)
    assert summary.left == ("gone/notes.txt",)
    assert (recipient.folder / "gone" / "notes.txt").read_text() == "and my own lines"
    assert (recipient.folder / "mine.txt").read_text() == "mine"


def test_nothing_is_removed_or_renamed_through_a_link(recipient: Recipient, tmp_path: Path) -> None:
    recipient.download()
    outside = tmp_path / "outside"
    (recipient.folder / "gone").rename(outside)
    (recipient.folder / "gone").symlink_to(outside)
    publish(recipient.portal, {path: data for path, data in FIRST.items() if path != "gone/notes.txt"})
    recipient.download()
    assert (outside / "notes.txt").read_bytes() == FIRST["gone/notes.txt"]


def test_a_touched_file_is_hashed_and_kept(recipient: Recipient) -> None:
    recipient.download()
    os.utime(recipient.folder / "big.safetensors")
    second = publish(recipient.portal, {**FIRST, "config.json": b"{}"})
    recipient.download()
    recipient.assert_complete(second)
    assert fetched(recipient.portal) == [("config.json", 0)]


def test_an_incomplete_folder_goes_on_with_what_it_has(recipient: Recipient) -> None:
    recipient.portal.faults.extend([faults.served])
    recipient.portal.every_fault = faults.cut_short(0)
    with pytest.raises(Incomplete):
        recipient.download(include=("big*",), jobs=1)
    recipient.portal.every_fault = None
    second = publish(recipient.portal, {**FIRST, "config.json": b"{}"})
    recipient.download(include=("big*",))
    assert fetched(recipient.portal) == [("big.safetensors", 1)]
    recipient.download()
    recipient.assert_complete(second)


def test_an_older_revision_by_name_goes_back(recipient: Recipient) -> None:
    portal = recipient.portal
    recipient.download()
    first = portal.release
    publish(portal, {**FIRST, "config.json": b"{}", "added.txt": b"new"})
    recipient.download()
    portal.sent.clear()
    recipient.download("v1")
    recipient.assert_complete(first)
    assert fetched(portal) == [("config.json", 0)]
    assert not (recipient.folder / "added.txt").exists()


def test_a_withdrawn_older_revision_is_refused_and_the_folder_stays_as_it_is(recipient: Recipient) -> None:
    portal = recipient.portal
    recipient.download()
    second = publish(portal, {**FIRST, "config.json": b"{}"})
    recipient.download()
    portal.withdrawn = ("v1",)
    with pytest.raises(NotAllowed):
        recipient.download("v1")
    recipient.assert_complete(second)
    assert json.loads((recipient.folder / ".weights" / "state.json").read_text())["revision"] == "v2"


def test_the_sealed_bodies_follow(recipient: Recipient) -> None:
    recipient.download(keep_sealed=True)
    files = {**FIRST, "moved.safetensors": BIG, "config.json": b"{}"}
    for path in ("big.safetensors", "gone/notes.txt"):
        del files[path]
    second = publish(recipient.portal, files)
    recipient.download(keep_sealed=True)
    recipient.assert_complete(second)
    assert fetched(recipient.portal) == [("config.json", 0)]
    for file in second.files.values():
        body = recipient.folder / ".sealed" / f"{file.entry.path}.body"
        assert body.read_bytes() == file.body
    assert not (recipient.folder / ".sealed" / "big.safetensors.body").exists()
    assert not (recipient.folder / ".sealed" / "gone").exists()


def test_include_brings_over_what_it_names_and_the_rest_waits(recipient: Recipient) -> None:
    recipient.download()
    second = publish(recipient.portal, {**FIRST, "config.json": b"{}", "big.safetensors": changed_big()})
    summary = recipient.download(include=("config.json",))
    assert not summary.complete
    assert (recipient.folder / "config.json").read_bytes() == b"{}"
    assert (recipient.folder / "big.safetensors").read_bytes() == BIG
    recipient.download()
    recipient.assert_complete(second)


def test_documents_that_are_not_the_publishers_are_no_word_on_what_to_remove(recipient: Recipient) -> None:
    recipient.download()
    manifest = recipient.folder / ".weights" / "manifest.dsse.json"
    manifest.write_bytes(b"{}")
    second = publish(
        recipient.portal,
        {path: data for path, data in FIRST.items() if path != "gone/notes.txt"} | {"config.json": b"{}"},
    )
    with pytest.raises(WrongUsage) as caught:
        recipient.download()  # nothing says whose config.json this is
    assert (caught.value.reference, "config.json" in caught.value.why) == ("folder-holds-yours", True)
    (recipient.folder / "config.json").rename(recipient.folder / "config.json.before")
    recipient.download()
    recipient.assert_complete(second)
    assert (recipient.folder / "gone" / "notes.txt").exists()
    assert fetched(recipient.portal) == [("config.json", 0)]


def test_a_part_that_is_damaged_in_the_old_file_is_not_taken_from_it(recipient: Recipient) -> None:
    """It is fetched once, and no copy of the damage is made first."""
    recipient.download()
    with (recipient.folder / "big.safetensors").open("r+b") as file:
        file.write(b"damage")
    second = publish(recipient.portal, {**FIRST, "big.safetensors": changed_big()})
    summary = recipient.download()
    recipient.assert_complete(second)
    assert (summary.again, summary.damaged) == (0, 0)
    assert fetched(recipient.portal) == [("big.safetensors", 0), ("big.safetensors", 1)]
