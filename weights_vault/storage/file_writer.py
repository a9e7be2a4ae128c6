"""One object while it is written into a folder: `.NAME.partial`, preallocated, pieces put at their offsets.

Finished means: synced, linked to its name (a link fails where the name exists, unlike a rename), and the
folder synced, so that a finished object survives a power cut. A partial one survives a kill, not a power cut:
its pieces may still be in the kernel's memory. So a receipt names the boot that the piece was put in, and a
piece of an earlier boot counts as lost.

What is made is the owner's alone, or the group's to read where the store's folder itself is, whatever the
umask: so a web server in the group can send the objects.
"""

import fcntl
import os
import stat
import uuid
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from weights_vault.storage.port import ObjectExists, ObjectMissing, StorageError

PARTIAL_SUFFIX = ".partial"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_GROUP_MAY_READ = stat.S_IRGRP | stat.S_IXGRP
_WRITE = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW


class FileWriter:
    """An open partial object; whoever has it open holds its lock."""

    upload = ""

    def __init__(self, descriptor: int, final: Path, size: int) -> None:
        self._descriptor = descriptor
        self._final = final
        self._size = size

    def close(self) -> None:
        os.close(self._descriptor)

    def put(self, number: int, offset: int, data: memoryview) -> str:
        if offset < 0 or offset + data.nbytes > self._size:
            raise RuntimeError(f"piece {number} lies outside the object's {self._size} bytes")
        rest = data
        try:
            while rest.nbytes:
                written = os.pwrite(self._descriptor, rest, offset)
                rest, offset = rest[written:], offset + written
        except OSError as error:
            raise not_written(error) from error
        return this_boot()

    def holds(self, number: int, size: int, receipt: str) -> bool:
        return receipt == this_boot()

    def commit(self, receipts: Sequence[str]) -> None:
        if not receipts or any(receipt != this_boot() for receipt in receipts):
            raise StorageError(f"object {self._final.name} lacks a piece")
        partial = partial_path(self._final)
        try:
            if os.fstat(self._descriptor).st_size != self._size:
                raise StorageError(f"object {self._final.name} does not have its {self._size} bytes")
            os.fsync(self._descriptor)
            self._link(partial)
            partial.unlink(missing_ok=True)
            sync_folder(self._final.parent)
        except OSError as error:
            raise not_written(error) from error

    def _link(self, partial: Path) -> None:
        try:
            os.link(partial, self._final)
        except FileExistsError as error:
            raise ObjectExists(f"object {self._final.name} exists") from error
        except FileNotFoundError:
            # No partial file: this writer committed before, or the object was deleted under it.
            if not self._final.exists():
                raise StorageError(f"object {self._final.name} was deleted while it was written") from None


class FinishedFile:
    """What `resume` finds when the commit was done but its answer was lost (I5): nothing is left to write."""

    upload = ""

    def __init__(self, final: Path) -> None:
        self._final = final

    def close(self) -> None:
        return None

    def put(self, number: int, offset: int, data: memoryview) -> str:
        raise ObjectExists(f"object {self._final.name} is finished")

    def holds(self, number: int, size: int, receipt: str) -> bool:
        return True

    def commit(self, receipts: Sequence[str]) -> None:
        sync_folder(self._final.parent)


def create_file(final: Path, size: int) -> FileWriter:
    """Raises: ObjectExists: a partial object of that name is there. StorageError: also a disk too full."""
    partial = partial_path(final)
    try:
        descriptor = os.open(partial, _WRITE | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ObjectExists(f"object {final.name} is being written already") from error
    except OSError as error:
        raise not_written(error) from error
    try:
        os.fchmod(descriptor, 0o600 | _groups_share(final.parents[2]) & stat.S_IRGRP)
        _lock(descriptor, final)
        if size:
            os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        os.close(descriptor)
        partial.unlink(missing_ok=True)
        raise not_written(error) from error
    return FileWriter(descriptor, final, size)


def resume_file(final: Path, size: int) -> "FileWriter | FinishedFile":
    """Open what was left, or find what was finished although nobody heard of it.

    Raises: ObjectMissing: neither is there, or not with `size` bytes. ObjectExists: it is being written, or
        the name was taken by another.
    """
    partial = partial_path(final)
    try:
        if final.exists():
            return _finished(final, partial, size)
        descriptor = os.open(partial, _WRITE)
    except FileNotFoundError as error:
        raise ObjectMissing(f"object {final.name} was not begun") from error
    except OSError as error:
        raise not_written(error) from error
    _lock(descriptor, final)
    if os.fstat(descriptor).st_size != size:
        os.close(descriptor)
        raise ObjectMissing(f"object {final.name} was begun with another size")
    return FileWriter(descriptor, final, size)


def _finished(final: Path, partial: Path, size: int) -> "FinishedFile":
    status = final.lstat()
    if status.st_size != size or (partial.exists() and not os.path.samestat(status, partial.lstat())):
        raise ObjectExists(f"object {final.name} exists")
    partial.unlink(missing_ok=True)  # a commit was killed right after its link
    return FinishedFile(final)


def partial_path(final: Path) -> Path:
    return final.with_name(f".{final.name}{PARTIAL_SUFFIX}")


def make_folders(root: Path, folder: Path) -> None:
    """Make root/ab/cd and sync what is new into its parents."""
    missing = [path for path in (root, folder.parent, folder) if not path.exists()]
    for path in missing:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path != root:
            path.chmod(0o700 | _groups_share(root))
        sync_folder(path.parent)


def _groups_share(root: Path) -> int:
    return root.stat().st_mode & _GROUP_MAY_READ


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def not_written(error: OSError) -> StorageError:
    return StorageError(f"the store cannot be written: {error.strerror}")


@cache
def this_boot() -> str:
    """What is the same until this machine starts anew; where it cannot be told, until this process ends."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return str(uuid.uuid4())


def _lock(descriptor: int, final: Path) -> None:
    """The lock ends with the process, however it ends."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise ObjectExists(f"object {final.name} is being written already") from error
