"""The journal of a download folder: what is in, line by line, readable after any kill.

    weights-journal 1 <sha256 of the manifest's envelope>
    part <file id> <part number>
    file <file id> <size in bytes> <mtime in ns>

A line is written after what it speaks of, with one write to a file opened for appending. It is a hint, not a
proof: whatever it lists of an unfinished file is checked by digest before it is believed, so that neither a
torn line nor a lost page can do harm, and nothing needs to be synced per part.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_FORMAT = "weights-journal 1"


@dataclass
class Notes:
    """What a journal says. parts: part numbers by file id. files: (size, mtime_ns) by file id."""

    parts: dict[str, set[int]] = field(default_factory=dict)
    files: dict[str, tuple[int, int]] = field(default_factory=dict)

    def is_known(self, file_id: str, path: Path) -> bool:
        """Whether a file stands there just as it was when it was complete."""
        try:
            status = path.lstat()
        except OSError:
            return False
        return self.files.get(file_id) == (status.st_size, status.st_mtime_ns)


def read_notes(path: Path, manifest_sha256: str) -> Notes | None:
    """What a journal of this manifest says; None where there is none of it. Raises: OSError."""
    try:
        return _notes(path.read_bytes(), manifest_sha256)
    except (FileNotFoundError, NotADirectoryError):
        return None


class Journal:
    """Reads what an earlier run wrote, then appends. Thread-safe.

    path: the journal's file. manifest_sha256: a journal of another manifest is started over.
    notes: what earlier runs wrote.
    """

    def __init__(self, path: Path, manifest_sha256: str) -> None:
        self._lock = threading.Lock()
        self._descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        kept = self._read()
        notes = _notes(kept, manifest_sha256)
        if notes is not None:
            os.ftruncate(self._descriptor, kept.rfind(b"\n") + 1)
        else:
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, _header(manifest_sha256))
        self.notes = notes or Notes()

    @property
    def parts(self) -> dict[str, set[int]]:
        """Part numbers by file id."""
        return self.notes.parts

    @property
    def files(self) -> dict[str, tuple[int, int]]:
        """(size, mtime_ns) by file id."""
        return self.notes.files

    def part(self, file_id: str, index: int) -> None:
        """Note that a part stands in the partial file."""
        self._append(f"part {file_id} {index}\n")

    def parts_of(self, file_id: str, indices: Iterable[int]) -> None:
        """Note several parts, for this run too."""
        self._append("".join(f"part {file_id} {index}\n" for index in sorted(indices)))
        self.notes.parts.setdefault(file_id, set()).update(indices)

    def file(self, file_id: str, size: int, mtime_ns: int) -> None:
        """Note that a file is complete under its final name."""
        self._append(f"file {file_id} {size} {mtime_ns}\n")
        with self._lock:
            self.notes.files[file_id] = (size, mtime_ns)

    def close(self) -> None:
        """Sync and close."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)

    def _append(self, text: str) -> None:
        with self._lock:
            os.write(self._descriptor, text.encode("ascii"))

    def _read(self) -> bytes:
        size = os.fstat(self._descriptor).st_size
        return os.pread(self._descriptor, size, 0)


def _header(manifest_sha256: str) -> bytes:
    return f"{_FORMAT} {manifest_sha256}\n".encode()


def _notes(content: bytes, manifest_sha256: str) -> Notes | None:
    """The notes of a journal's whole lines; None where it speaks of another manifest."""
    header = _header(manifest_sha256)
    if not content.startswith(header):
        return None
    notes = Notes()
    whole = content[len(header) : content.rfind(b"\n") + 1].decode("ascii", "replace")
    for line in whole.splitlines():
        words = line.split(" ")
        if len(words) == 3 and words[0] == "part" and words[2].isdecimal():
            notes.parts.setdefault(words[1], set()).add(int(words[2]))
        elif len(words) == 4 and words[0] == "file" and words[2].isdecimal() and words[3].isdecimal():
            notes.files[words[1]] = (int(words[2]), int(words[3]))
    return notes
