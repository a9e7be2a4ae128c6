"""What is computed over a file's plaintext front to back: its SHA-256, and its tensors' figures.

Each in a thread of its own, part by part in order, beside the threads that seal.
"""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from weights_vault.ingest.source import SourceChanged, SourceFile
from weights_vault.ingest.tensors import TensorStream
from weights_vault.sealed.errors import TensorHeaderMalformed
from weights_vault.sealed.manifest import Tensor
from weights_vault.sealed.tensors import read_tensor_header

HEADER_LENGTH_SIZE = 8


class Sums:
    """Told each part once, in order. A part's bytes stay as they are until its futures are done."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._sha256 = hashlib.sha256()
        self._stream: TensorStream | None = None
        self._hashing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hash")
        self._measuring = ThreadPoolExecutor(max_workers=1, thread_name_prefix="measure")

    def __enter__(self) -> "Sums":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in (self._hashing, self._measuring):
            pool.shutdown(wait=True, cancel_futures=True)

    def feed(self, plain: memoryview) -> "list[Future[None]]":
        """Begin with the next part. Their results raise SourceChanged: the tensor index changed."""
        waiting = [self._hashing.submit(self._sha256.update, plain)]
        if self._source.is_safetensors:
            waiting.append(self._measuring.submit(self._measure, plain))
        return waiting

    @property
    def sha256(self) -> str:
        """Hex; once all futures are done."""
        return self._sha256.hexdigest()

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Once all futures are done."""
        return tuple(self._stream.tensors) if self._stream else ()

    def _measure(self, plain: memoryview) -> None:
        try:
            if self._stream is None:
                self._stream = TensorStream(read_tensor_header(self._prefix(plain), self._source.size))
            self._stream.feed(plain)
        except TensorHeaderMalformed as error:
            # The scan accepted this header a moment ago.
            raise SourceChanged(self._source.path) from error

    def _prefix(self, first_part: memoryview) -> bytes:
        """The header, which the scan bounded so that it lies in the first part."""
        length = int.from_bytes(first_part[:HEADER_LENGTH_SIZE], "little")
        return bytes(first_part[: HEADER_LENGTH_SIZE + length])
