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
_WRITE = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
_LOOK = 4_096  # bytes of a piece that tell whether it was begun


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

    def begun(self, number: int, offset: int) -> bool:
        try:
            # A piece is written from its front; what was never written is zeros.
            return any(os.pread(self._descriptor, _LOOK, offset))
        except OSError as error:
            raise not_written(error) from error

    def commit(self, receipts: Sequence[str]) -> None:
        if not receipts or any(receipt != this_boot() for receipt in receipts):
            raise StorageError(f"object {self._final.name} lacks a piece")
        partial = partial_path(self._final)
        try:
            if os.fstat(self._descriptor).st_size != self._size:
                raise StorageError(f"object {self._final.name} does not have its {self._size} bytes")
            self._sync(partial)
            self._link(partial)
            partial.unlink(missing_ok=True)
            sync_folders(self._final)
        except OSError as error:
            raise not_written(error) from error

    def _sync(self, partial: Path) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError:
            # The kernel may have dropped what it could not write, and says so once: the next sync would
            # succeed. So there is nothing left to resume.
            partial.unlink(missing_ok=True)
            raise

    def _link(self, partial: Path) -> None:
        try:
            if not os.path.samestat(os.fstat(self._descriptor), partial.lstat()):
                raise FileNotFoundError  # deleted, and begun anew by somebody else
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

    def begun(self, number: int, offset: int) -> bool:
        return True

    def commit(self, receipts: Sequence[str]) -> None:
        try:
            sync_folders(self._final)
        except OSError as error:
            raise not_written(error) from error


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
    except ObjectExists:
        raise  # somebody resumed it already, and has its lock
    except StorageError:
        partial.unlink(missing_ok=True)
        raise
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
        while True:
            if final.exists():
                return _finished(final, partial, size)
            descriptor = _open_partial(final, partial)
            if descriptor is not None and _is_still(descriptor, partial):
                break  # else somebody finished or deleted it between two of our steps
    except OSError as error:
        raise not_written(error) from error
    if os.fstat(descriptor).st_size != size:
        os.close(descriptor)
        raise ObjectMissing(f"object {final.name} was begun with another size")
    return FileWriter(descriptor, final, size)


def _open_partial(final: Path, partial: Path) -> int | None:
    """Open it, locked; None where it was finished meanwhile. Raises: ObjectMissing, ObjectExists, OSError."""
    try:
        descriptor = os.open(partial, _WRITE)
    except FileNotFoundError as error:
        if final.exists():
            return None
        raise ObjectMissing(f"object {final.name} was not begun") from error
    _lock(descriptor, final)
    return descriptor


def _is_still(descriptor: int, partial: Path) -> bool:
    """Is what was opened and locked still the partial object, and nothing but that? Closes it if not: an
    object that has its name is never written to.
    """
    status = os.fstat(descriptor)
    try:
        same = status.st_nlink == 1 and os.path.samestat(status, partial.lstat())
    except FileNotFoundError:
        same = False
    if not same:
        os.close(descriptor)
    return same


def _finished(final: Path, partial: Path, size: int) -> "FinishedFile":
    status = final.lstat()
    if status.st_size != size or (partial.exists() and not os.path.samestat(status, partial.lstat())):
        raise ObjectExists(f"object {final.name} exists")
    partial.unlink(missing_ok=True)  # a commit was killed right after its link
    return FinishedFile(final)


def partial_path(final: Path) -> Path:
    return final.with_name(f".{final.name}{PARTIAL_SUFFIX}")


def make_folders(root: Path, folder: Path) -> None:
    """Make ab/cd in `root`, which must be there: a disk that is not mounted is not written beside."""
    for path in (folder.parent, folder):
        if not path.exists():
            path.mkdir(exist_ok=True, mode=0o700)
            path.chmod(0o700 | _groups_share(root))


def _groups_share(root: Path) -> int:
    return root.stat().st_mode & _GROUP_MAY_READ


def sync_folders(final: Path) -> None:
    """Bring the object's name to the disk, and those of the folders around it."""
    for folder in final.parents[:3]:
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
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
    except OSError as error:  # NFS without its lock daemon
        os.close(descriptor)
        raise StorageError(f"the store's disk has no file locks: {error.strerror}") from error
