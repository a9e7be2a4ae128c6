"""Sealing one file in one pass: right, and in bounded memory."""

import hashlib
import platform
import threading
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.vault.folders import safetensors
from weights_vault.ingest.kinds import MAX_WEIGHTS_BYTES
from weights_vault.ingest.memory import return_large_buffers
from weights_vault.ingest.pieces import PIECES, Pieces, Plain
from weights_vault.ingest.progress import SilentProgress
from weights_vault.ingest.seal import RING, SealedFile, seal_file
from weights_vault.ingest.source import Fingerprint, SourceChanged, SourceFile
from weights_vault.ingest.under_way import NoRecord
from weights_vault.sealed.body import (
    PART_SIZE,
    PLAIN_PART_SIZE,
    BodySealer,
    open_body,
    part_count,
    part_digest,
    part_range,
    sealed_size,
)
from weights_vault.storage.port import MAX_PIECES, MIN_PIECE_SIZE

KEY, NONCE = b"k" * 16, b"n" * 16
MIB = 1 << 20


class Collector:
    """An object writer that keeps, or only counts, what is put."""

    upload = ""

    def __init__(self, size: int, keep: bool = True) -> None:
        self.data, self.sizes = bytearray(size if keep else 0), dict[int, int]()

    def put(self, number: int, offset: int, data: memoryview) -> str:
        assert number not in self.sizes
        self.sizes[number] = data.nbytes
        if self.data:
            self.data[offset : offset + data.nbytes] = data
        return str(number)

    def holds(self, number: int, size: int, receipt: str) -> bool:
        return True

    def begun(self, number: int, offset: int) -> bool:
        return False

    def commit(self, receipts: Sequence[str]) -> None:
        return None


def source_of(place: Path, kind: str = "config") -> SourceFile:
    return SourceFile(place.name, place, kind, Fingerprint.of(place.lstat()))


def seal(source: SourceFile, writer: Collector) -> SealedFile:
    return seal_file(source, BodySealer(KEY, NONCE, source.size), NONCE, writer, NoRecord(), SilentProgress())


@pytest.mark.parametrize(
    "size", [0, 1, 65_535, 65_536, 65_537, PLAIN_PART_SIZE - 1, PLAIN_PART_SIZE, PLAIN_PART_SIZE + 1]
)
def test_sealed_body_opens_to_the_source_at_every_boundary(size: int, tmp_path: Path) -> None:
    data = np.random.default_rng(size).bytes(size)
    (tmp_path / "file").write_bytes(data)
    writer = Collector(sealed_size(size))
    sealed = seal(source_of(tmp_path / "file"), writer)
    body = bytes(writer.data)
    assert sum(writer.sizes.values()) == sealed_size(size)
    assert sealed.receipts == tuple(str(number) for number in range(part_count(size)))
    assert open_body(KEY, body) == data
    assert sealed.sha256 == hashlib.sha256(data).hexdigest()
    for index, digests in enumerate(sealed.parts):
        where = part_range(index, size)
        assert digests.plain == part_digest(data[where.plain_start : where.plain_end])
        assert digests.sealed == part_digest(body[where.body_start : where.body_end])


class Rewriting(Collector):
    """The source is written to while its last part is on its way, when all of it was read."""

    def __init__(self, source: SourceFile) -> None:
        super().__init__(0)
        self._source = source

    def put(self, number: int, offset: int, data: memoryview) -> str:
        if number == part_count(self._source.size) - 1:
            self._source.place.write_bytes(b"x" * self._source.size)
        return super().put(number, offset, data)


def test_source_that_changes_after_its_last_byte_was_read_is_not_sealed(tmp_path: Path) -> None:
    """I2: the caller has nothing that it could commit."""
    (tmp_path / "file").write_bytes(bytes(PLAIN_PART_SIZE + 1))
    source = source_of(tmp_path / "file")
    with pytest.raises(SourceChanged):
        seal(source, Rewriting(source))


def test_tensor_that_crosses_parts_is_measured_whole(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=5_000_000).astype(np.float32)
    (tmp_path / "w.safetensors").write_bytes(safetensors({"w": values}))
    (tensor,) = seal(source_of(tmp_path / "w.safetensors", "weights"), Collector(0)).tensors
    assert float.fromhex(tensor.absmax) == float(np.abs(values).max())
    assert float.fromhex(tensor.mean) == pytest.approx(float(values.astype(np.float64).mean()), rel=1e-9)
    assert tensor.blake3 == part_digest(values.tobytes())


def test_memory_is_a_few_parts_whatever_the_size(tmp_path: Path) -> None:
    size = 20 * PLAIN_PART_SIZE
    with (tmp_path / "file").open("wb") as file:
        file.truncate(size)
    source, writer = source_of(tmp_path / "file"), Collector(0)
    tracemalloc.start()
    try:
        seal(source, writer)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(writer.sizes.values()) == sealed_size(size)
    assert peak < (RING + PIECES) * PART_SIZE + 8 * MIB


class Waiting(BodySealer):
    """Seals a part when it is told to."""

    def __init__(self) -> None:
        super().__init__(KEY, NONCE, 1)
        self.begun, self.go = threading.Event(), threading.Event()

    def seal_part(self, index: int, plaintext: Any, out: Any) -> int:
        self.begun.set()
        assert self.go.wait(10)
        return super().seal_part(index, plaintext, out)


def test_what_is_sealed_after_giving_up_is_not_put() -> None:
    sealer, writer = Waiting(), Collector(0)
    pieces = Pieces(sealer, NONCE, writer)
    pieces.seal(Plain(0, memoryview(b"x"), part_digest(b"x")))
    assert sealer.begun.wait(10)
    ending = threading.Thread(target=pieces.give_up)
    ending.start()
    given_up = pieces._given_up.wait(10)
    sealer.go.set()
    ending.join()
    assert given_up
    assert writer.sizes == {}


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="no glibc")
def test_large_buffers_go_back_to_the_system() -> None:
    assert return_large_buffers()


def test_largest_file_fits_the_pieces_of_an_object() -> None:
    assert part_count(MAX_WEIGHTS_BYTES) <= MAX_PIECES
    assert MIN_PIECE_SIZE <= PART_SIZE
