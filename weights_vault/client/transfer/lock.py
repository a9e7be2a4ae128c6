"""One command at a time in a folder, also on file systems that know no locks.

`flock` on `.weights/lock` wherever the file system has it: it ends with its process, whatever happens. Some
cluster file systems (NFS without its lock daemon, Lustre mounted without `flock`) refuse it; there a file
`.weights/lock.held` is made that only one can make, with the host, the process and the time in it. One left
behind by a process of this host that is gone is taken over; one of another host only a person can judge.

Taking over is looking and removing, two steps, between which another may have done both and begun to work.
So one process of this host does it at a time: it holds a name that the kernel frees with its process.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from weights_vault.client import clock
from weights_vault.client.errors import WrongUsage
from weights_vault.client.output import typed

_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL})
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})


@dataclass(frozen=True)
class Holder:
    """Who is at work. began: ISO time. born: when the process began, in ticks of this host's clock; 0 where
    that is not known.
    """

    host: str
    pid: int
    began: str
    born: int = 0

    @property
    def is_gone(self) -> bool:
        """Whether it was a process of this host that is no more; of other hosts nothing is known."""
        return self.host == socket.gethostname() and self.born != _born(self.pid)


@contextmanager
def locked(own: Path, root: Path) -> Iterator[None]:
    """Held by one process at a time.

    own: the folder's .weights. root: the folder, for words.
    Raises: WrongUsage(folder-in-use), OSError.
    """
    descriptor = os.open(own / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        mine = _myself()
        held = _acquired(descriptor, own, root, mine)
        try:
            yield
        finally:
            if held is not None:
                _give_back(held, mine)
    finally:
        os.close(descriptor)


def in_use(root: Path, holder: Holder | None, file: Path | None) -> WrongUsage:
    """The error for a folder in which another command works. file: to remove by hand where it is stale."""
    who = f"process {holder.pid} on {holder.host}, since {holder.began}" if holder else "another process"
    step = "Wait until it has finished, or choose another folder with --to."
    if file is not None:
        step = f"Wait for it. If no `weights` runs there any more, remove its mark: rm {typed(file)}"
    return WrongUsage(
        "folder-in-use", f"Another `weights` is working in {root}.", f"It is held by {who}.", step
    )


def _acquired(descriptor: int, own: Path, root: Path, mine: bytes) -> Path | None:
    """Take the lock. Returns: the file that stands for it where there are no locks, to be removed."""
    try:
        if _flock(descriptor):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, mine, 0)
            return None
    except BlockingIOError:
        raise in_use(root, _read(own / "lock"), None) from None
    held = own / "lock.held"
    _make(held, root, mine)
    return held


def _flock(descriptor: int) -> bool:
    """Take the lock. Returns: False where this file system knows no locks. Raises: BlockingIOError."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return False
        raise
    return True


def _make(held: Path, root: Path, mine: bytes) -> None:
    """Make the file that stands for the lock. Raises: WrongUsage(folder-in-use), OSError."""
    while not _put_down(held, mine):
        holder = _read(held)
        if holder is None and not held.exists():
            continue  # given back just now
        if holder is None or not holder.is_gone:
            raise in_use(root, holder, held)
        if not _remove_gone(held):
            raise in_use(root, None, None)


def _put_down(held: Path, mine: bytes) -> bool:
    """Make the file with its words in it at once, so that nobody reads it empty. Returns: False where it is
    there. Raises: OSError.
    """
    descriptor, name = tempfile.mkstemp(prefix="lock.mine.", dir=held.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(mine)
        os.link(name, held)
    except FileExistsError:
        return Path(name).stat().st_nlink > 1  # NFS repeats a question whose answer was lost
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _put_down_bare(held, mine)
    finally:
        Path(name).unlink()
    return True


def _put_down_bare(held: Path, mine: bytes) -> bool:
    """The same on a file system without hard links: its words come a moment later."""
    try:
        descriptor = os.open(held, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(mine)
    return True


def _remove_gone(held: Path) -> bool:
    """Remove a dead process's file. Returns: False where another does that at this moment."""
    with _alone(held) as alone:
        holder = _read(held) if alone else None
        if holder is not None and holder.is_gone:  # looked at again: now nobody else removes it
            held.unlink(missing_ok=True)
        return alone


def _give_back(held: Path, mine: bytes) -> None:
    """Remove the file, but for one that another made after somebody removed this one's by hand."""
    with suppress(FileNotFoundError):
        if held.read_bytes() == mine:
            held.unlink()


@contextmanager
def _alone(held: Path) -> Iterator[bool]:
    """Whether this process is the only one of this host in here. Nothing of it outlives the process."""
    name = hashlib.sha256(os.fsencode(held.resolve())).hexdigest()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as guard:
        try:
            guard.bind(f"\0weights-lock-{name}")  # abstract: a name of the kernel's, no file
        except OSError:
            yield False
            return
        yield True


def _read(path: Path) -> Holder | None:
    try:
        found: Any = json.loads(path.read_bytes())
        return Holder(str(found["host"]), int(found["pid"]), str(found["began"]), int(found["born"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _myself() -> bytes:
    began = clock.now().isoformat(timespec="seconds")
    holder = Holder(socket.gethostname(), os.getpid(), began, _born(os.getpid()))
    return json.dumps(asdict(holder)).encode() + b"\n"


def _born(pid: int) -> int:
    """When a process of this host began, in ticks since the boot; -1 where there is no such process."""
    try:
        # The second field is the program's name in brackets, which may hold spaces and brackets itself.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except FileNotFoundError:
        return -1 if Path("/proc/self").exists() else 0
    except (OSError, ValueError, IndexError):
        return 0
