"""Stored bodies, read back for the smoke worker, which has no network, no credentials and no scratch disk.

The worker asks over one pipe and is answered over another, so a body never has to fit on a disk of this
machine, wherever the store is:

    request    FILE " " OFFSET " " LENGTH LF    in ASCII; LENGTH 1 to PART_SIZE
    answer     LENGTH, 8 bytes, big-endian, and so many bytes; a LENGTH of 0: it cannot be read

The other end is weights_vault/smoke/served.py.
"""

import fcntl
import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType

from weights_vault.sealed.body import PART_SIZE
from weights_vault.storage import storage
from weights_vault.storage.port import StorageError

PIPE_BYTES = 1 << 20  # Linux's limit for the unprivileged
LAST_ANSWER_S = 60.0  # for one part to come from the store
_REQUEST = re.compile(rb"([A-Za-z0-9._-]{1,64}) ([0-9]{1,13}) ([0-9]{1,8})\n")


class ReadBack:
    """Serves some stored objects to one process, from a thread, while the context lasts.

    objects: object name by file id. Raises: StorageError: one of them is not there, or the store is not.
    """

    def __init__(self, objects: Mapping[str, str]) -> None:
        self._objects = objects
        self._store = storage()
        self.sizes = {file: self._store.size(name) for file, name in objects.items()}
        self.fault: StorageError | None = None  # what the store said last, if it failed
        self._thread = threading.Thread(target=self._serve, name="read-back", daemon=True)

    def __enter__(self) -> "ReadBack":
        self._requests, worker_asks = os.pipe()
        worker_hears, self._answers = os.pipe()
        self.worker_ends: tuple[int, ...] = (worker_asks, worker_hears)
        with suppress(OSError):  # a smaller pipe is slower, and no worse
            fcntl.fcntl(self._answers, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Call it when the worker has ended: the thread ends with the last other end of its pipes.

        What the worker left running may hold such an end; nobody waits for that longer than LAST_ANSWER_S.
        """
        self._close_worker_ends()
        if self._thread.ident is not None:
            self._thread.join(LAST_ANSWER_S)
        else:
            self._close_own_ends()

    def begin(self) -> None:
        """The worker has its ends now."""
        self._close_worker_ends()
        self._thread.start()

    def _close_worker_ends(self) -> None:
        for descriptor in self.worker_ends:
            os.close(descriptor)
        self.worker_ends = ()

    def _close_own_ends(self) -> None:
        os.close(self._requests)
        os.close(self._answers)

    def _serve(self) -> None:
        """Until the worker ends, or says what is no request: then it hears nothing more."""
        buffer = memoryview(bytearray(PART_SIZE))
        try:
            with open(self._requests, "rb", closefd=False) as requests, suppress(BrokenPipeError):
                while match := _REQUEST.fullmatch(requests.readline(128)):
                    self._answer(match[1].decode(), int(match[2]), int(match[3]), buffer)
        finally:
            self._close_own_ends()

    def _answer(self, file: str, offset: int, length: int, buffer: memoryview) -> None:
        given = buffer[: length if length <= PART_SIZE and self._may_read(file, offset + length) else 0]
        if given:
            try:
                self._store.read(self._objects[file], offset, given)
            except StorageError as error:
                self.fault = error
                given = buffer[:0]
        self._write(memoryview(len(given).to_bytes(8, "big")))
        self._write(given)

    def _may_read(self, file: str, end: int) -> bool:
        return file in self.sizes and end <= self.sizes[file]

    def _write(self, data: memoryview) -> None:
        while data:
            data = data[os.write(self._answers, data) :]
