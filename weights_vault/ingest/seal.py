"""One file from the folder to the store in one pass: read, hashed, measured, sealed, digested, written.

Each byte is read once. SHA-256 and the tensors' sums go on in two threads while this one seals; memory is one
plain and one sealed part, whatever the size of the file.
"""

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from weights_vault.ingest.progress import SealingProgress
from weights_vault.ingest.source import OpenSource, SourceChanged, SourceFile, opened
from weights_vault.ingest.tensors import TensorStream
from weights_vault.sealed.body import (
    NONCE_SIZE,
    PLAIN_PART_SIZE,
    BodySealer,
    PartRange,
    part_count,
    part_digest,
    part_range,
)
from weights_vault.sealed.errors import TensorHeaderMalformed
from weights_vault.sealed.manifest import PartDigests, Tensor
from weights_vault.sealed.tensors import read_tensor_header
from weights_vault.storage.port import ObjectWriter

HEADER_LENGTH_SIZE = 8


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
    source: SourceFile, sealer: BodySealer, nonce: bytes, writer: ObjectWriter, progress: SealingProgress
) -> SealedFile:
    """Write the body of `source` to `writer`; the caller commits it.

    Raises: SourceChanged: the file is not what was scanned, before, while or after it was read (I2).
    """
    parts: list[PartDigests] = []
    receipts: list[str] = []
    sums = _Sums(source)
    # Piece 0 is the nonce and part 0, piece k is part k.
    buffer = memoryview(bytearray(NONCE_SIZE + part_range(0, source.size).sealed_size))
    buffer[:NONCE_SIZE] = nonce
    with opened(source) as file, ThreadPoolExecutor(max_workers=2, thread_name_prefix="sums") as others:
        for index, plain in _plain_parts(file):
            waiting = [others.submit(sums.hash, plain), others.submit(sums.measure, plain)]
            sealed = buffer[NONCE_SIZE : NONCE_SIZE + sealer.seal_part(index, plain, buffer[NONCE_SIZE:])]
            parts.append(PartDigests(sealed=part_digest(sealed), plain=part_digest(plain)))
            receipts.append(_put(writer, index, part_range(index, source.size), buffer, sealed))
            _finish(waiting, source)
            progress.advance(plain.nbytes)
        file.check_unchanged()
    return SealedFile(sums.sha256.hexdigest(), tuple(parts), sums.tensors, tuple(receipts))


def digest_of(source: SourceFile, progress: SealingProgress) -> str:
    """SHA-256 of the file as it is now, hex. Raises: SourceChanged."""
    sha256 = hashlib.sha256()
    with opened(source) as file:
        for _, plain in _plain_parts(file):
            sha256.update(plain)
            progress.advance(plain.nbytes)
        file.check_unchanged()
    return sha256.hexdigest()


def _plain_parts(file: OpenSource) -> Iterator[tuple[int, memoryview]]:
    """Each part's number and bytes; the buffer is used again for the next."""
    size = file.source.size
    buffer = memoryview(bytearray(min(size, PLAIN_PART_SIZE)))
    for index in range(part_count(size)):
        part = part_range(index, size)
        plain = buffer[: part.plain_size]
        file.read_into(plain, part.plain_start)
        yield index, plain


def _put(writer: ObjectWriter, index: int, part: PartRange, buffer: memoryview, sealed: memoryview) -> str:
    if index == 0:
        return writer.put(0, 0, buffer[: part.body_end])
    return writer.put(index, part.body_start, sealed)


def _finish(waiting: "list[Future[None]]", source: SourceFile) -> None:
    """Both have read the buffer to its end before it is filled again."""
    try:
        for each in waiting:
            each.result()
    except TensorHeaderMalformed as error:
        # The scan accepted this header a moment ago.
        raise SourceChanged(source.path) from error


class _Sums:
    """What is computed over the plaintext front to back."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self.sha256 = hashlib.sha256()
        self._stream: TensorStream | None = None

    def hash(self, plain: memoryview) -> None:
        self.sha256.update(plain)

    def measure(self, plain: memoryview) -> None:
        if not self._source.is_safetensors:
            return
        if self._stream is None:
            self._stream = TensorStream(read_tensor_header(self._prefix(plain), self._source.size))
        self._stream.feed(plain)

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        return tuple(self._stream.tensors) if self._stream else ()

    def _prefix(self, first_part: memoryview) -> bytes:
        """The header, which the scan bounded so that it lies in the first part."""
        length = int.from_bytes(first_part[:HEADER_LENGTH_SIZE], "little")
        return bytes(first_part[: HEADER_LENGTH_SIZE + length])
