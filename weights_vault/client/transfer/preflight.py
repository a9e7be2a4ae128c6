"""What is looked at before anything is fetched: may this place be written, and is there room.

`f_bavail` is what this person may use, root's reserve left out. Quotas of a folder or a project show in it
on most cluster file systems; a quota of a person does not, and ends a download with `quota-reached`.
"""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from weights_vault.client.errors import MachineFault, machine_fault
from weights_vault.client.output import size_text
from weights_vault.client.transfer.limits import SPARE_DISK_BYTES

# What every file system but FAT takes, and some old limits do not.
LARGE_FILE_BYTES = (4 << 30) - 1
# The client's own files: journal, documents, state, lock.
OWN_FILES = 16


@dataclass(frozen=True)
class Room:
    """What is left on a disk. bytes: for this person. files: how many more, None where there is no limit."""

    bytes: int
    files: int | None


def room_in(folder: Path) -> Room:
    """The room at a folder, or at the nearest one above that exists. Raises: OSError."""
    found = os.statvfs(_existing(folder))
    # File systems that make inodes as they need them (btrfs, some network ones) say 0 of 0.
    return Room(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)


def check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be written. Raises: MachineFault(folder-not-writable)."""
    place = _existing(folder)
    if not os.access(place, os.W_OK | os.X_OK):
        raise MachineFault(
            "folder-not-writable",
            f"{folder} cannot be written.",
            f"You may not write in {place}." if place.is_dir() else f"{place} is a file, not a folder.",
            "Choose a folder that you may write with --to.",
        )


def fits(needed_bytes: int, room: Room) -> bool:
    """Whether so many bytes go there, and a little stays free."""
    return not needed_bytes or needed_bytes + SPARE_DISK_BYTES <= room.bytes


def check_room(folder: Path, needed_bytes: int, needed_files: int = 0) -> None:
    """Refuse to start what cannot fit.

    Raises: MachineFault(disk-full | no-inodes | folder-not-writable).
    """
    check_writable(folder)
    try:
        room = room_in(folder)
    except OSError as error:
        raise machine_fault(error, f"{folder} cannot be read.") from None
    if not fits(needed_bytes, room):
        raise MachineFault(
            "disk-full",
            f"{folder} has no room for this download.",
            f"It needs {size_text(needed_bytes)} more, {size_text(SPARE_DISK_BYTES)} are to stay free, and "
            f"{size_text(room.bytes)} are free for you there.",
            "Free some space, or choose a folder on another disk with --to.",
        )
    if needed_files and room.files is not None and needed_files + OWN_FILES > room.files:
        raise MachineFault(
            "no-inodes",
            f"{folder} can take no more files.",
            f"It needs {needed_files + OWN_FILES:,} files and folders, {OWN_FILES} of its own among them; "
            f"the disk or your quota takes {room.files:,}.",
            "Remove files that you do not need, or choose a folder on another disk with --to.",
        )


def check_large_files(folder: Path, sizes: Iterable[int]) -> None:
    """Refuse a file system or a limit that cannot hold the largest file, by trying with an empty one.

    folder: exists, ours. sizes: bytes of the files to come.
    Raises: MachineFault(file-too-large), and what else the disk says.
    """
    largest = max(sizes, default=0)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    if largest <= LARGE_FILE_BYTES and (limit == resource.RLIM_INFINITY or largest <= limit):
        return
    probe = folder / "probe"
    try:
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(descriptor, largest)  # a hole: no room is taken
        finally:
            os.close(descriptor)
    except OSError as error:
        raise machine_fault(error, f"{folder.parent} cannot hold a file of {size_text(largest)}.") from None
    finally:
        with suppress(OSError):
            probe.unlink()


def inodes_for(paths: Sequence[str]) -> int:
    """Files and folders that these paths need."""
    above = {path.rsplit("/", depth + 1)[0] for path in paths for depth in range(path.count("/"))}
    return len(paths) + len(above)


def seconds_at(count: int, bytes_per_s: float) -> float:
    """How long so many bytes take; without end at no rate."""
    return count / bytes_per_s if bytes_per_s else math.inf


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())
