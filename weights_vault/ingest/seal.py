"""One file from the folder to the store in one pass: read, hashed, measured, sealed, digested, put.

Each byte is read once. This thread reads and pins; two threads seal, some put, two more compute the sums.
Memory is RING plain and `pieces.PIECES` sealed parts of 16 MiB, whatever the size of the file.
"""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

from weights_vault.ingest.pieces import Pieces, Plain, piece_range
from weights_vault.ingest.progress import SealingProgress
from weights_vault.ingest.source import OpenSource, SourceFile, opened
from weights_vault.ingest.sums import Sums
from weights_vault.ingest.under_way import BodyChanged, KnownPart, Record
from weights_vault.sealed.body import PLAIN_PART_SIZE, BodySealer, part_count, part_digest, part_range
from weights_vault.sealed.manifest import PartDigests, Tensor
from weights_vault.storage.port import ObjectWriter, StorageError

RING = 2


@dataclass(frozen=True)
class SealedFile:
    """What the manifest says of a sealed file, and the store's receipts of its pieces.

    sha256: of the plaintext, hex.
    """

    sha256: str
    parts: tuple[PartDigests, ...]
    tensors: tuple[Tensor, ...]
    receipts: tuple[str, ...]


def seal_file(
    source: SourceFile,
    sealer: BodySealer,
    nonce: bytes,
    writer: ObjectWriter,
    record: Record,
    progress: SealingProgress,
) -> SealedFile:
    """Put the body of `source` into `writer`; the caller commits it.

    record: what an earlier run pinned and stored of this body: parts that are in the store are neither sealed
        nor put again.
    Raises: SourceChanged: the file is not what was scanned, before, while or after it was read (I2).
        BodyChanged: a part is not the one that was pinned under this key, or nobody knows what was: nothing
            of it was sealed.
        StorageError: what is recorded by then is there for the next run.
    """
    with opened(source) as file, Sums(source) as sums, Pieces(sealer, nonce, writer) as pieces:
        parts = _Pass(file, sums, pieces, record, progress).run(_stored_before(source, writer, record))
        file.check_unchanged()
    return SealedFile(
        sums.sha256,
        tuple(PartDigests(sealed=part.sealed, plain=part.plain) for part in parts),
        sums.tensors,
        tuple(part.receipt for part in parts),
    )


def stored_bytes(source: SourceFile, known: Mapping[int, KnownPart]) -> int:
    """Plaintext bytes of the parts that are in the store."""
    return sum(part_range(index, source.size).plain_size for index, part in known.items() if part.is_stored)


def _stored_before(source: SourceFile, writer: ObjectWriter, record: Record) -> dict[int, KnownPart]:
    """What is known; a part that the store has lost since is only pinned.

    Raises: BodyChanged: the store has something of a part that was never pinned, as far as is known here.
    """
    known = dict(record.known())
    for index in range(part_count(source.size)):
        # Pins are older than what they pin, unless the database is: put back from a backup, or cut off from
        # its power. Which plaintext was sealed under this key then, nobody knows any more.
        if index not in known and writer.begun(index, piece_range(index, source.size).start):
            raise BodyChanged
    for index, part in known.items():
        if part.is_stored and not writer.holds(index, len(piece_range(index, source.size)), part.receipt):
            known[index] = KnownPart(part.plain)
    return known


@dataclass
class _Slot:
    """A place in the ring: a buffer, and what still reads it."""

    buffer: memoryview
    readers: "list[Future[None]]" = field(default_factory=list)

    def wait(self) -> None:
        for reader in self.readers:
            reader.result()
        self.readers.clear()


class _Pass:
    """One pass over one file."""

    def __init__(
        self, file: OpenSource, sums: Sums, pieces: Pieces, record: Record, progress: SealingProgress
    ) -> None:
        self._file, self._size = file, file.source.size
        self._sums, self._pieces = sums, pieces
        self._record, self._progress = record, progress
        count = min(RING, part_count(self._size))
        largest = min(self._size, PLAIN_PART_SIZE)
        self._ring = [_Slot(memoryview(bytearray(largest))) for _ in range(count)]
        self._known: dict[int, KnownPart] = {}

    def run(self, known: dict[int, KnownPart]) -> list[KnownPart]:
        """Returns: all parts, stored, in order."""
        self._known = known
        before = stored_bytes(self._file.source, known)
        if before:
            self._progress.go_on(self._file.source.path, before, self._size)
        count = part_count(self._size)
        try:
            for index in range(count):
                self._take(self._read(index))
            for slot in self._ring:
                slot.wait()
            self._write_down({}, wait=True)
        except (StorageError, KeyboardInterrupt):
            self._record.keep(self._pieces.give_up())
            raise
        return [self._known[index] for index in range(count)]

    def _slot(self, index: int) -> _Slot:
        return self._ring[index % len(self._ring)]

    def _read(self, index: int) -> Plain:
        where, slot = part_range(index, self._size), self._slot(index)
        slot.wait()
        data = slot.buffer[: where.plain_size]
        self._file.read_into(data, where.plain_start)
        slot.readers += self._sums.feed(data)
        return Plain(index, data, part_digest(data))

    def _take(self, part: Plain) -> None:
        """Pin a part that is new, and seal what is not in the store."""
        known = self._known.get(part.index)
        if known is None:
            self._write_down({part.index: KnownPart(part.digest)})
        elif known.plain != part.digest:
            raise BodyChanged
        elif known.is_stored:
            self._progress.advance(len(part.data))
            return
        self._slot(part.index).readers.append(self._pieces.seal(part))

    def _write_down(self, pins: Mapping[int, KnownPart], *, wait: bool = False) -> None:
        """Make durable, in one transaction, a pin and what reached the store meanwhile."""
        stored = self._pieces.stored(wait=wait)
        changed = {**pins, **stored}
        self._known |= changed
        self._record.keep(changed)
        for index in stored:
            self._progress.advance(part_range(index, self._size).plain_size)
