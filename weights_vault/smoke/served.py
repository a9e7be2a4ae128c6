"""Sealed bodies that the parent process reads for this one, over two pipes: no path, no network.

What is said on them stands in weights_vault/ingest/read_back.py, the other end.
"""

import os
import threading
from collections.abc import Mapping

from weights_vault.sealed.body import PART_SIZE
from weights_vault.sealed.manifest import ManifestFile
from weights_vault.smoke.errors import FileDamaged, FileMissing

LENGTH_SIZE = 8


class ServedBodies:
    """The bodies of one job. sizes: bytes of the stored body by file id; requests, answers: open pipes."""

    def __init__(self, sizes: Mapping[str, int], requests: int, answers: int) -> None:
        self._sizes = sizes
        self._requests = requests
        self._answers = answers
        self._lock = threading.Lock()

    def size(self, file: ManifestFile) -> int:
        """Bytes of the stored body. Raises: FileMissing."""
        if file.id not in self._sizes:
            raise FileMissing(f"{file.path} has no body")
        return self._sizes[file.id]

    def read(self, file: ManifestFile, start: int, out: memoryview) -> None:
        """Fill `out`, at most PART_SIZE bytes, with the stored body from byte `start`.

        Raises: FileMissing. FileDamaged: the store did not give them.
        """
        self.size(file)
        if not 0 < len(out) <= PART_SIZE:
            raise RuntimeError(f"{len(out)} bytes are asked for; at most {PART_SIZE} at a time")
        with self._lock:
            os.write(self._requests, f"{file.id} {start} {len(out)}\n".encode("ascii"))
            length = bytearray(LENGTH_SIZE)
            self._fill(memoryview(length), file)
            if int.from_bytes(length, "big") != len(out):
                end = start + len(out)
                raise FileDamaged(f"the store did not give bytes {start} to {end} of the body of {file.path}")
            self._fill(out, file)

    def _fill(self, out: memoryview, file: ManifestFile) -> None:
        while out:
            count = os.readv(self._answers, [out])
            if count == 0:
                raise FileDamaged(f"nobody answers for the body of {file.path}")
            out = out[count:]
