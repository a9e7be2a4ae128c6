"""What the log keeps outside the database, in the folder LOG_CHECKPOINTS, which the signer alone writes.

    checkpoint               the newest signed head, replaced as a whole
    leaves                   the hash of every entry, 32 bytes each, in order
    entries-000000000000     entries as they were hashed, each a line after its position; 65,536 a file

A database can be rewritten by whoever owns it, and put back to yesterday by whoever restores it. These files
then say what it held. Entries hold no personal data (docs/reference/audit-log.md, section 4); older files of
them are removed once no backup that old can come back.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.conf import settings

from weights_vault.sealed.log.tree import HASH_SIZE, Frontier, leaf_hash

SEGMENT = 65_536  # entries
_PREFIX = "entries-"
_DRAFT = ".checkpoint."
_AT_ONCE = 65_536  # hashes read together
_LOOK_AGAIN_S = 0.05


class SignerBusy(Exception):
    """Another signer works with this folder."""


class LogFiles:
    """The folder. Only the process that holds `taken` may write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._leaves = folder / "leaves"
        self._checkpoint = folder / "checkpoint"
        self._written = -1  # entries that were whole when this object last wrote or mended
        self._root: tuple[int, bytes] | None = None  # the last that was asked for, and of how many entries

    @contextmanager
    def taken(self, *, within_s: float = 0.0) -> Iterator[None]:
        """Hold the folder for oneself, and put right what a killed writer left half written.

        within_s: how long to wait for whoever holds it.
        Raises: SignerBusy; OSError: it cannot be made or written.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / "lock").open("a") as lock:
            self._lock(lock, time.monotonic() + within_s)
            if self._written != self.size():
                self._mend()
            self._written = -1
            yield
            self._written = self.size()

    def _lock(self, lock: IO[str], until: float) -> None:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise SignerBusy(f"another log signer holds {self.folder}") from None
            time.sleep(_LOOK_AGAIN_S)

    def checkpoint(self) -> str | None:
        """Return the newest signed note, None where there is none. What is no text reads as no note."""
        try:
            return self._checkpoint.read_bytes().decode(errors="replace")
        except FileNotFoundError:
            return None

    def write_checkpoint(self, note: str) -> None:
        """Replace the checkpoint: after this returns, a crash of the machine leaves the new one."""
        draft = self.folder / f"{_DRAFT}{secrets.token_hex(8)}"
        try:
            _write_synced(draft, note.encode())
            draft.replace(self._checkpoint)
        except BaseException:
            draft.unlink(missing_ok=True)  # a full disk would get one more every few seconds
            raise
        _sync_folder(self.folder)

    def size(self) -> int:
        """Return of how many entries the hashes are here."""
        return self._leaves.stat().st_size // HASH_SIZE if self._leaves.exists() else 0

    def leaves(self, start: int, end: int) -> list[bytes]:
        """Return hashes of entries start to end - 1, fewer where fewer are here."""
        if start >= end or not self._leaves.exists():
            return []
        with self._leaves.open("rb") as file:
            file.seek(start * HASH_SIZE)
            data = file.read((end - start) * HASH_SIZE)
        return [data[i : i + HASH_SIZE] for i in range(0, len(data) - HASH_SIZE + 1, HASH_SIZE)]

    def root(self, size: int) -> bytes:
        """Return the root of the first `size` entries, all of them here; kept until another is asked for."""
        if self._root is None or self._root[0] != size:
            known = Frontier()
            for start in range(0, size, _AT_ONCE):
                known.extend(self.leaves(start, min(size, start + _AT_ONCE)))
            self._root = size, known.root()
        return self._root[1]

    def entries(self, start: int) -> Iterator[tuple[int, bytes]]:
        """Yield position and bytes of the entries from `start` on that are still here."""
        for first, path in self._segments():
            if first + SEGMENT <= start:
                continue
            with path.open("rb") as file:
                for line in file:
                    number, _, entry = line.rstrip(b"\n").partition(b" ")
                    if line.endswith(b"\n") and number.isdigit() and int(number) >= start:
                        yield int(number), entry

    def append(self, entries: Sequence[bytes]) -> None:
        """Add entries after the last: what they say first, then their hashes, each on the disk in its turn.

        A file's name is on the disk before a hash counts on it: else a power cut leaves hashes of entries
        that are in no file, and nobody could take them over.
        """
        lines: dict[Path, list[bytes]] = {}
        for position, entry in enumerate(entries, self.size()):
            lines.setdefault(self._segment(position), []).append(b"%d %b\n" % (position, entry))
        fresh = not all(path.exists() for path in (*lines, self._leaves))
        self._leaves.touch()
        for path, some in lines.items():
            _write_synced(path, b"".join(some))
        if fresh:
            _sync_folder(self.folder)
        _write_synced(self._leaves, b"".join(map(leaf_hash, entries)))

    def forget(self, before_s: float) -> None:
        """Remove files of entries last written before this time; the newest always stays."""
        for _, path in self._segments()[:-1]:
            if path.stat().st_mtime < before_s:
                path.unlink()

    def _segment(self, position: int) -> Path:
        return self.folder / f"{_PREFIX}{position // SEGMENT * SEGMENT:012d}"

    def _segments(self) -> list[tuple[int, Path]]:
        found = ((path.name.removeprefix(_PREFIX), path) for path in self.folder.glob(f"{_PREFIX}*"))
        return sorted((int(number), path) for number, path in found if number.isdecimal())

    def _mend(self) -> None:
        """A killed writer's half line or half hash goes; entries whose hashes were not written get them."""
        for draft in self.folder.glob(f"{_DRAFT}*"):
            draft.unlink()
        if self._leaves.exists():
            os.truncate(self._leaves, self.size() * HASH_SIZE)
        segments = self._segments()
        if not segments:
            return
        _cut_torn_line(segments[-1][1])
        size = self.size()
        missing: list[bytes] = []
        for position, entry in self.entries(size):
            if position == size + len(missing):
                missing.append(leaf_hash(entry))
        if missing:
            _write_synced(self._leaves, b"".join(missing))


def log_files() -> LogFiles:
    """Return the folder that LOG_CHECKPOINTS names."""
    return LogFiles(Path(settings.LOG_CHECKPOINTS))


def oldest_kept() -> float:
    """Return the time, in seconds since 1970, before which files of entries are not kept."""
    return time.time() - float(settings.LOG_JOURNAL_DAYS) * 86_400


def _cut_torn_line(path: Path) -> None:
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole != len(data):
        os.truncate(path, whole)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
