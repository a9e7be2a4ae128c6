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
from pathlib import Path

_FORMAT = "weights-journal 1"


class Journal:
    """Reads what an earlier run wrote, then appends. Thread-safe.

    path: the journal's file. manifest_sha256: a journal of another manifest is started over.
    parts: part numbers by file id. files: (size, mtime_ns) by file id.
    """

    def __init__(self, path: Path, manifest_sha256: str) -> None:
        self.parts: dict[str, set[int]] = {}
        self.files: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()
        self._descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        header = f"{_FORMAT} {manifest_sha256}\n".encode()
        kept = self._read()
        if kept.startswith(header):
            whole = kept[: kept.rfind(b"\n") + 1]
            os.ftruncate(self._descriptor, len(whole))
            self._replay(whole[len(header) :].decode("ascii", "replace"))
        else:
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, header)

    def part(self, file_id: str, index: int) -> None:
        """Note that a part stands in the partial file."""
        self._append(f"part {file_id} {index}\n")

    def file(self, file_id: str, size: int, mtime_ns: int) -> None:
        """Note that a file is complete under its final name."""
        self._append(f"file {file_id} {size} {mtime_ns}\n")

    def close(self) -> None:
        """Sync and close."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)

    def _append(self, line: str) -> None:
        with self._lock:
            os.write(self._descriptor, line.encode("ascii"))

    def _read(self) -> bytes:
        size = os.fstat(self._descriptor).st_size
        return os.pread(self._descriptor, size, 0)

    def _replay(self, text: str) -> None:
        for line in text.splitlines():
            words = line.split(" ")
            if len(words) == 3 and words[0] == "part" and words[2].isdecimal():
                self.parts.setdefault(words[1], set()).add(int(words[2]))
            elif len(words) == 4 and words[0] == "file" and words[2].isdecimal() and words[3].isdecimal():
                self.files[words[1]] = (int(words[2]), int(words[3]))
