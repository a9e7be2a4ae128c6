from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from weights_vault.client.errors import MachineFault
from weights_vault.client.transfer import preflight
from weights_vault.client.transfer.limits import SPARE_DISK_BYTES
from weights_vault.client.transfer.preflight import Room, check_large_files, check_room, inodes_for, room_in

GIB = 1 << 30


def refusal(folder: Path, needed: int, files: int = 0) -> MachineFault:
    with pytest.raises(MachineFault) as caught:
        check_room(folder, needed, files)
    return caught.value


def test_room_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    assert room_in(tmp_path / "not" / "there").bytes == pytest.approx(room_in(tmp_path).bytes, rel=0.2)


def test_the_reserve_of_root_is_not_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = os.statvfs(tmp_path)
    fields = list(real)
    fields[3], fields[4] = 1000, 10  # f_bfree, f_bavail
    monkeypatch.setattr(os, "statvfs", lambda place: os.statvfs_result(fields))
    assert room_in(tmp_path).bytes == 10 * real.f_frsize


@pytest.mark.parametrize(("total", "free", "files"), [(0, 0, None), (100, 7, 7)])
def test_file_systems_that_count_no_inodes_say_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, total: int, free: int, files: int | None
) -> None:
    fields = list(os.statvfs(tmp_path))
    fields[5], fields[7] = total, free
    monkeypatch.setattr(os, "statvfs", lambda place: os.statvfs_result(fields))
    assert room_in(tmp_path).files == files


def test_d8_too_little_room_is_told_with_both_numbers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(preflight, "room_in", lambda folder: Room(2 * GIB, None))
    error = refusal(tmp_path, 3 * GIB)
    assert (error.reference, error.exit_code) == ("disk-full", 7)
    assert "3.0 GiB" in error.why
    assert "2.0 GiB" in error.why
    check_room(tmp_path, 2 * GIB - SPARE_DISK_BYTES)


def test_d8_too_few_inodes_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(preflight, "room_in", lambda folder: Room(GIB, 100))
    error = refusal(tmp_path, 0, 99)
    assert (error.reference, "needs 115 files" in error.why) == ("no-inodes", True)
    check_room(tmp_path, 0, 80)


def test_a_folder_that_may_not_be_written_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    error = refusal(tmp_path / "release", 1)
    assert (error.reference, str(tmp_path) in error.why) == ("folder-not-writable", True)


def test_large_files_are_tried_with_an_empty_one(tmp_path: Path) -> None:
    check_large_files(tmp_path, [5 * GIB])
    assert list(tmp_path.iterdir()) == []


def test_a_limit_on_the_size_of_files_is_found_before_anything_is_fetched(tmp_path: Path) -> None:
    """`ulimit -f`, in a process of its own; a FAT disk answers the same EFBIG."""
    program = (
        "import sys; from pathlib import Path; from weights_vault.client.transfer import preflight\n"
        "from weights_vault.client.errors import MachineFault\n"
        f"try: preflight.check_large_files(Path({str(tmp_path)!r}), [1 << 20])\n"
        "except MachineFault as error: print(error.reference, error.what)\n"
    )
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 512; exec "$0" -c "$1"', sys.executable, program],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("file-too-large")
    assert "1.0 MiB" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_folders_take_inodes_too() -> None:
    assert inodes_for(["a.txt", "b/c/d.txt", "b/e.txt"]) == 5


def test_what_is_to_stay_free_is_told_and_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`It needs 17.0 MiB and 18.0 MiB are free` was no reason."""
    room = Room(2 * GIB, None)
    monkeypatch.setattr(preflight, "room_in", lambda folder: room)
    assert "64.0 MiB are to stay free" in refusal(tmp_path, 2 * GIB).why
    assert (preflight.fits(2 * GIB, room), preflight.fits(0, Room(0, None))) == (False, True)
