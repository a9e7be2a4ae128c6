"""What a person put into a folder of a release is neither written over nor removed; no link is followed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.client.recipient import Recipient
from tests.integration.client.test_upgrade import publish
from tests.simulators.portal import SimulatedPortal
from tests.simulators.sealed_release import SealedFile, seal_files
from weights_vault.client.errors import ClientError, WrongUsage
from weights_vault.client.transfer.folder import DownloadFolder
from weights_vault.sealed.manifest import ManifestFile

FIRST = {"config.json": b"{}", "shards/one.safetensors": b"1" * 500, "old.txt": b"of v1", "empty.txt": b""}


@pytest.fixture(scope="module")
def sealed() -> list[SealedFile]:
    return seal_files(FIRST)


@pytest.fixture
def recipient(sealed: list[SealedFile], tmp_path: Path) -> Iterator[Recipient]:
    with SimulatedPortal(sealed) as portal:
        yield Recipient(portal, tmp_path)


def refused(recipient: Recipient, **wishes: object) -> ClientError:
    with pytest.raises(ClientError) as caught:
        recipient.download(**wishes)
    return caught.value


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("README.md", "README.md"),
        ("README.md", "README.md/of-v2.txt"),
        ("README/thesis.tex", "README"),
        ("runs", "runs/a/b.json"),
    ],
)
def test_a_file_of_mine_where_a_new_one_is_to_come_is_said_before_anything_is_done(
    recipient: Recipient, mine: str, theirs: str
) -> None:
    """A publisher, or a portal, that knows a name in my folder cannot have it written over."""
    recipient.download()
    place = recipient.folder / mine
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"mine")
    second = publish(recipient.portal, {**FIRST, theirs: b"of v2"})
    for _ in range(2):
        error = refused(recipient)
        assert (error.reference, error.exit_code) == ("folder-holds-yours", 2)
        assert place.read_bytes() == b"mine"
    assert recipient.portal.sent == []
    state = DownloadFolder(recipient.folder).state()
    assert state is not None
    assert (state.revision, state.complete) == ("v1", True)
    recipient.folder.joinpath(mine.split("/")[0]).rename(recipient.folder.parent / "moved")
    recipient.download()
    recipient.assert_complete(second)


def test_a_file_of_mine_where_one_that_i_left_out_belongs(recipient: Recipient) -> None:
    recipient.download(include=("*.json",))
    for path in ("old.txt", "empty.txt"):
        (recipient.folder / path).write_bytes(b"mine!")
        assert refused(recipient).reference == "folder-holds-yours"
        assert (recipient.folder / path).read_bytes() == b"mine!"
        (recipient.folder / path).unlink()
    recipient.download()
    recipient.assert_complete()


def test_a_file_that_was_killed_before_its_note_is_known_by_its_bytes(recipient: Recipient) -> None:
    recipient.download()
    (recipient.folder / ".weights" / "journal").unlink()
    recipient.portal.sent.clear()
    recipient.download()
    recipient.assert_complete()
    assert recipient.portal.sent == []


def test_an_edited_file_of_the_release_in_the_way_stays_and_is_named(recipient: Recipient) -> None:
    recipient.download()
    (recipient.folder / "old.txt").write_bytes(b"edited")
    files = {path: data for path, data in FIRST.items() if path != "old.txt"}
    second = publish(recipient.portal, {**files, "old.txt/now.txt": b"a folder"})
    error = refused(recipient)
    assert (error.reference, "old.txt" in error.why) == ("folder-holds-yours", True)
    assert (recipient.folder / "old.txt").read_bytes() == b"edited"
    (recipient.folder / "old.txt").unlink()
    recipient.download()
    recipient.assert_complete(second)


def test_an_empty_folder_in_the_way_goes(recipient: Recipient) -> None:
    recipient.download()
    (recipient.folder / "docs" / "deep").mkdir(parents=True)
    second = publish(recipient.portal, {**FIRST, "docs": b"a file"})
    recipient.download()
    recipient.assert_complete(second)


def test_a_link_in_a_files_place_is_refused_and_replaced_by_a_repair_alone(
    recipient: Recipient, tmp_path: Path
) -> None:
    """As of a person who moved a large file to another disk."""
    recipient.download()
    elsewhere, place = tmp_path / "elsewhere", recipient.folder / "old.txt"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    assert refused(recipient).reference == "folder-has-links"
    assert place.is_symlink()
    entry: ManifestFile = recipient.portal.release.manifest.file("old.txt")
    recipient.download(suspects=frozenset({entry.id}))
    recipient.assert_complete()
    assert (place.is_symlink(), elsewhere.read_bytes()) == (False, FIRST["old.txt"])


def test_a_link_left_among_the_partial_files_is_no_dead_end(recipient: Recipient, tmp_path: Path) -> None:
    recipient.download()
    (recipient.folder / "old.txt").unlink()
    entry = recipient.portal.release.manifest.file("old.txt")
    (recipient.folder / ".weights" / "partial" / entry.id).symlink_to(tmp_path / "elsewhere")
    recipient.download()
    recipient.assert_complete()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("corner", [".weights", ".weights/partial", ".weights/before"])
def test_a_corner_of_ours_that_leads_elsewhere_is_refused_and_nothing_there_is_removed(
    recipient: Recipient, tmp_path: Path, corner: str
) -> None:
    """S: somebody who may write above made the folder first."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious").write_bytes(b"theirs")
    place = recipient.folder / corner
    place.parent.mkdir(parents=True)
    place.symlink_to(victim)
    assert refused(recipient).reference == "folder-has-links"
    assert [path.name for path in victim.rglob("*") if path.is_file()] == ["precious"]


def test_a_lock_that_is_a_link_is_not_written_through(recipient: Recipient, tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"theirs")
    (recipient.folder / ".weights").mkdir(parents=True)
    (recipient.folder / ".weights" / "lock").symlink_to(tmp_path / "victim")
    assert refused(recipient).exit_code == 7
    assert (tmp_path / "victim").read_bytes() == b"theirs"


def test_a_place_that_is_a_link_to_nowhere_is_said(recipient: Recipient) -> None:
    recipient.folder.symlink_to("/nowhere/at-all")
    error = refused(recipient)
    assert isinstance(error, WrongUsage)
    assert (error.reference, error.why) == ("folder-not-empty", "It is a link that leads nowhere.")


def test_a_damaged_file_that_was_made_read_only_is_mended(recipient: Recipient) -> None:
    recipient.download()
    place = recipient.folder / "old.txt"
    place.write_bytes(b"OF v1")
    place.chmod(0o400)
    entry = recipient.portal.release.manifest.file("old.txt")
    opened = writable_alone()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", opened)
        recipient.download(suspects=frozenset({entry.id}))
    recipient.assert_complete()


def test_a_read_only_file_that_changes_its_place_is_brought_there(recipient: Recipient) -> None:
    recipient.download()
    (recipient.folder / "old.txt").chmod(0o400)
    (recipient.folder / "config.json").chmod(0o400)
    swapped = {**FIRST, "config.json": FIRST["old.txt"], "old.txt": FIRST["config.json"]}
    second = publish(recipient.portal, swapped)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", writable_alone())
        recipient.download()
    recipient.assert_complete(second)
    assert recipient.portal.sent == []


def test_one_file_that_is_wanted_at_two_new_places_is_moved_once(recipient: Recipient) -> None:
    recipient.download()
    files = {path: data for path, data in FIRST.items() if path != "old.txt"}
    second = publish(recipient.portal, {**files, "a.txt": FIRST["old.txt"], "b.txt": FIRST["old.txt"]})
    recipient.download()
    recipient.assert_complete(second)


def test_an_upgrade_of_some_files_removes_nothing_yet(recipient: Recipient) -> None:
    """What is not asked for now may be made of it later, without a fetch."""
    recipient.download()
    files = {path: data for path, data in FIRST.items() if path != "old.txt"}
    second = publish(recipient.portal, {**files, "config.json": b"[2]", "new.txt": FIRST["old.txt"]})
    recipient.download(include=("config.json",))
    assert (recipient.folder / "old.txt").read_bytes() == FIRST["old.txt"]
    recipient.portal.sent.clear()
    recipient.download()
    recipient.assert_complete(second)
    assert ((recipient.folder / "old.txt").exists(), recipient.portal.sent) == (False, [])


def writable_alone() -> Callable[..., int]:
    """`os.open` as it is for people: root may write what nobody may."""
    opened = os.open

    def checked(path: str | Path, flags: int, *rest: int, **more: int) -> int:
        writes = flags & os.O_ACCMODE != os.O_RDONLY and Path(path).is_file()
        if writes and not Path(path).stat().st_mode & 0o200:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, flags, *rest, **more)

    return checked
