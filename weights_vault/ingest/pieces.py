"""The sealed side of a file: parts are sealed in some threads and put into the store by others.

Piece 0 of the stored object is the nonce and part 0, piece k is part k.
"""

import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

from weights_vault.ingest.under_way import BodyChanged, KnownPart
from weights_vault.sealed.body import BodySealer, part_count, part_digest, part_range
from weights_vault.storage.port import ObjectExists, ObjectWriter

SEALERS = 2
# Sealed parts in memory at a time, each being sealed or put: as many connections to the store.
PIECES = 3


@dataclass(frozen=True)
class Plain:
    """One part as it was read. digest: BLAKE3-256, hex, pinned."""

    index: int
    data: memoryview
    digest: str


class Pieces:
    """Seals parts of one body and puts them, in any order; memory is PIECES sealed parts."""

    def __init__(self, sealer: BodySealer, nonce: bytes, writer: ObjectWriter) -> None:
        self._sealer = sealer
        self._nonce = nonce
        self._writer = writer
        count = min(PIECES, part_count(sealer.plain_size))
        self._buffers = _Buffers(count)
        self._sealing = ThreadPoolExecutor(max_workers=min(SEALERS, count), thread_name_prefix="seal")
        self._putting = ThreadPoolExecutor(max_workers=count, thread_name_prefix="put")
        self._under_way: dict[int, Future[KnownPart]] = {}
        self._given_up = threading.Event()

    def __enter__(self) -> "Pieces":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_up()

    def seal(self, part: Plain) -> "Future[None]":
        """Begin with a part, whose digest the caller pinned. Done when its plaintext is no longer needed."""
        stored: Future[KnownPart] = Future()
        self._under_way[part.index] = stored
        return self._sealing.submit(self._seal, part, stored)

    def stored(self, *, wait: bool = False) -> dict[int, KnownPart]:
        """The parts that reached the store since the last call; `wait` for all that are under way.

        Raises: StorageError, the first there was; `give_up` then has what did reach the store. BodyChanged:
            the object is finished.
        """
        done = {index: future for index, future in self._under_way.items() if wait or future.done()}
        parts = {index: future.result() for index, future in done.items()}
        for index in parts:
            del self._under_way[index]
        return parts

    def give_up(self) -> dict[int, KnownPart]:
        """Begin with nothing more and wait for what is on its way; what of it reached the store."""
        self._given_up.set()
        # Sealers first: one of them may wait for a buffer that only a put gives back.
        self._sealing.shutdown(wait=True, cancel_futures=True)
        self._putting.shutdown(wait=True)
        done = {index: future for index, future in self._under_way.items() if future.done()}
        self._under_way.clear()
        return {
            index: future.result()
            for index, future in done.items()
            if not future.cancelled() and future.exception() is None
        }

    def _seal(self, part: Plain, stored: "Future[KnownPart]") -> None:
        piece = self._buffers.take(len(piece_range(part.index, self._sealer.plain_size)))
        try:
            prefix = b"" if part.index else self._nonce
            piece[: len(prefix)] = prefix
            sealed = memoryview(piece)[len(prefix) :]
            self._sealer.seal_part(part.index, part.data, sealed)
            digest = part_digest(sealed)
        except BaseException as error:
            self._buffers.give(piece)
            stored.set_exception(error)
            raise
        self._putting.submit(self._put, part.index, piece, KnownPart(part.digest, digest), stored)

    def _put(self, index: int, piece: bytearray, part: KnownPart, stored: "Future[KnownPart]") -> None:
        try:
            if self._given_up.is_set():
                stored.cancel()
                return
            start = piece_range(index, self._sealer.plain_size).start
            receipt = self._writer.put(index, start, memoryview(piece))
            stored.set_result(KnownPart(part.plain, part.sealed, receipt))
        except ObjectExists:  # finished by a run that this database does not remember
            stored.set_exception(BodyChanged())
        except BaseException as error:  # the thread that waits for the part raises it
            stored.set_exception(error)
        finally:
            self._buffers.give(piece)


class _Buffers:
    """At most `count` buffers, each exactly of the size asked for: some stores take a whole one uncopied."""

    def __init__(self, count: int) -> None:
        self._places = threading.Semaphore(count)
        self._free: deque[bytearray] = deque()

    def take(self, size: int) -> bytearray:
        """Waits until one is free. All parts but the first and the last have one size, and share memory."""
        self._places.acquire()
        try:
            buffer = self._free.pop()
        except IndexError:
            return bytearray(size)
        return buffer if len(buffer) == size else bytearray(size)

    def give(self, buffer: bytearray) -> None:
        self._free.append(buffer)
        self._places.release()


def piece_range(index: int, plain_size: int) -> range:
    """The bytes of the stored object that piece `index` of a file of `plain_size` bytes is."""
    where = part_range(index, plain_size)
    return range(where.body_start if index else 0, where.body_end)
