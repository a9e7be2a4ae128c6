"""What an upgrade may remove, and that it looks at a release of many files once, not once a file."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from weights_vault.client.transfer import estimate as estimates
from weights_vault.client.transfer.earlier import Earlier
from weights_vault.client.transfer.folder import DownloadFolder
from weights_vault.client.transfer.journal import Notes
from weights_vault.client.transfer.retired import Retired
from weights_vault.client.transfer.upgrade import Upgrade
from weights_vault.client.trust import TrustedManifest
from weights_vault.sealed.body import part_digest
from weights_vault.sealed.manifest import Manifest, ManifestFile, PartDigests

DATA = b"as published"


def entry(path: str, data: bytes = DATA, nonce: str = "00" * 16) -> ManifestFile:
    digest = part_digest(memoryview(data))
    return ManifestFile(
        id=f"fil_{path.replace('/', '-')}", path=path, kind="config", size=len(data), sha256="0" * 64,
        body_size=len(data) + 32, nonce=nonce, body_format="x", parts=(PartDigests(digest, digest),),
    )  # fmt: skip


def manifest(*files: ManifestFile, revision: str = "v1") -> Manifest:
    return Manifest(
        portal="https://p.example", release="opt", revision=revision, revision_id=f"rev_{revision}",
        sequence=1, previous=None, created=datetime(2026, 1, 1, tzinfo=UTC), files=files,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> DownloadFolder:
    made = DownloadFolder(tmp_path / "release")
    made.make()
    return made


def put(folder: DownloadFolder, path: str, data: bytes = DATA) -> Path:
    place = folder.root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return place


def retired(folder: DownloadFolder, old: Manifest, new: Manifest, notes: Notes | None = None) -> Retired:
    return Retired(folder, new, [Earlier(old, notes or Notes())])


def test_only_what_is_as_published_goes_and_the_rest_is_named(folder: DownloadFolder) -> None:
    gone, edited = put(folder, "a/gone.txt"), put(folder, "edited.txt", b"As published")
    found = retired(folder, manifest(entry("a/gone.txt"), entry("edited.txt")), manifest(entry("new.txt")))
    assert found.remove(found.everything()) == ["edited.txt"]
    assert (gone.parent.exists(), edited.read_bytes()) == (False, b"As published")


def test_a_folder_with_something_of_mine_stays(folder: DownloadFolder) -> None:
    put(folder, "a/gone.txt")
    mine = put(folder, "a/mine.txt")
    found = retired(folder, manifest(entry("a/gone.txt")), manifest(entry("new.txt")))
    assert found.remove(found.everything()) == []
    assert mine.exists()


def test_nothing_is_removed_through_a_link(folder: DownloadFolder, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "gone.txt").write_bytes(DATA)
    (folder.root / "a").symlink_to(outside)
    (folder.root / "b.txt").symlink_to(outside / "gone.txt")
    found = retired(folder, manifest(entry("a/gone.txt"), entry("b.txt")), manifest(entry("new.txt")))
    assert found.remove(found.everything()) == ["b.txt"]
    assert (outside / "gone.txt").read_bytes() == DATA


def test_a_file_renamed_in_case_alone_stays_where_a_disk_ignores_case(folder: DownloadFolder) -> None:
    """There both names lead to one file; here two names of one file stand for that."""
    new = put(folder, "Model.txt")
    os.link(new, folder.root / "model.txt")
    found = retired(folder, manifest(entry("model.txt")), manifest(entry("Model.txt")))
    assert found.remove(found.everything()) == []
    assert (folder.root / "model.txt").exists()


def test_where_a_disk_minds_case_the_old_name_goes(folder: DownloadFolder) -> None:
    put(folder, "Model.txt")
    put(folder, "model.txt")
    found = retired(folder, manifest(entry("model.txt")), manifest(entry("Model.txt")))
    assert found.remove(found.everything()) == []
    assert not (folder.root / "model.txt").exists()


def test_what_may_not_be_read_is_left_and_named(
    folder: DownloadFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, opened = put(folder, "gone.txt"), os.open

    def refusing(path: object, *rest: int, **more: int) -> int:
        if path == place:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(str(path), *rest, **more)

    monkeypatch.setattr(os, "open", refusing)
    found = retired(folder, manifest(entry("gone.txt")), manifest(entry("new.txt")))
    assert found.remove(found.everything()) == ["gone.txt"]


def test_in_the_way_is_what_clashes_and_nothing_else(folder: DownloadFolder) -> None:
    old = manifest(entry("a"), entry("b/c/d"), entry("ab"), entry("b2/x"))
    new = manifest(entry("a/x"), entry("b/c"), entry("b2y"))
    assert retired(folder, old, new).in_the_way() == ["a", "b/c/d"]


def test_a_kept_sealed_body_goes_only_where_it_is_the_old_one(folder: DownloadFolder) -> None:
    """The same path, another nonce: what stands there may be the new body already."""
    old, new = entry("a.txt", nonce="11" * 16), entry("a.txt", nonce="22" * 16)
    body = put(folder, ".sealed/a.txt.body", bytes.fromhex(new.nonce) + DATA)
    retired(folder, manifest(old), manifest(new)).remove_sealed()
    assert body.exists()
    body.write_bytes(bytes.fromhex(old.nonce) + DATA)
    retired(folder, manifest(old), manifest(new)).remove_sealed()
    assert not body.exists()


def test_many_files_are_looked_at_once_each(folder: DownloadFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """D12's sibling: 10,000 files took minutes where each was compared with each."""
    files = [entry(f"{number}.txt") for number in range(300)]
    calls = []
    here = Upgrade.here
    monkeypatch.setattr(Upgrade, "here", lambda self: calls.append(1) or here(self))
    monkeypatch.setattr(ManifestFile, "__eq__", lambda self, other: calls.append(1) or self is other)
    new = manifest(*(replace(file, id=f"{file.id}-2") for file in files), revision="v2")
    trusted = TrustedManifest(new, b"", "0" * 64, b"", ())
    for file in files:
        put(folder, file.path)
    earlier = [Earlier(manifest(*files), _notes_of(folder, files))]
    expected = estimates.estimate(folder, trusted, new.files, earlier, keep_sealed=False)
    assert (expected.fetch, expected.unsure, len(calls)) == (0, 0, 1)


def _notes_of(folder: DownloadFolder, files: list[ManifestFile]) -> Notes:
    status = {file.id: (folder.root / file.path).lstat() for file in files}
    return Notes(files={name: (each.st_size, each.st_mtime_ns) for name, each in status.items()})
