"""The signer's folder: what a killed writer and a power cut leave of it."""

from pathlib import Path

import pytest

from portal.core.log import files as files_module
from portal.core.log.files import LogFiles
from tests.unit.core.log.world import record, sign

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    return LogFiles(tmp_path / "log")


@pytest.mark.parametrize("cut", [1, 20, 70])
def test_journal_torn_by_a_power_cut_is_mended(files: LogFiles, cut: int) -> None:
    for number in range(3):
        record(number)
    sign(files)
    for path in (files.folder / "entries-000000000000", files.folder / "leaves"):
        path.write_bytes(path.read_bytes()[:-cut])
    record(3)
    assert sign(LogFiles(files.folder)).size == 4
    positions = [position for position, _ in files.entries(0)]
    assert sorted(set(positions)) == [0, 1, 2, 3]
    assert files.size() == 4


def test_journal_goes_on_in_a_new_file_and_old_ones_are_forgotten(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "SEGMENT", 4)
    for number in range(10):
        record(number)
    sign(files)
    names = sorted(path.name for path in files.folder.glob("entries-*"))
    assert names == ["entries-000000000000", "entries-000000000004", "entries-000000000008"]
    assert [position for position, _ in files.entries(5)] == [5, 6, 7, 8, 9]
    files.forget(before_s=2e10)
    assert [position for position, _ in files.entries(0)] == [8, 9]


def test_names_of_new_files_are_on_the_disk_before_a_hash_counts_on_them(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    write, sync = files_module._write_synced, files_module._sync_folder

    def wrote(path: Path, data: bytes) -> None:
        steps.append(path.name)
        write(path, data)

    def synced(folder: Path) -> None:
        steps.append("folder")
        sync(folder)

    monkeypatch.setattr(files_module, "SEGMENT", 2)
    monkeypatch.setattr(files_module, "_write_synced", wrote)
    monkeypatch.setattr(files_module, "_sync_folder", synced)
    with files.taken():
        for each in (b"0", b"1", b"2"):
            files.append([each])
    first, second = "entries-000000000000", "entries-000000000002"
    assert steps == [first, "folder", "leaves", first, "leaves", second, "folder", "leaves"]


def test_hashes_that_a_power_cut_took_come_back_in_one_write(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    with files.taken():
        files.append([b"%d" % number for number in range(50)])
    leaves = (files.folder / "leaves").read_bytes()
    (files.folder / "leaves").write_bytes(leaves[:100])
    writes: list[Path] = []
    write = files_module._write_synced
    monkeypatch.setattr(
        files_module, "_write_synced", lambda path, data: (writes.append(path), write(path, data))
    )
    with LogFiles(files.folder).taken():
        assert (files.folder / "leaves").read_bytes() == leaves
    assert len(writes) == 1
