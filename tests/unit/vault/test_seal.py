"""Sealing one file in one pass: right, and in bounded memory."""

import hashlib
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.unit.vault.folders import safetensors
from weights_vault.ingest.progress import SilentProgress
from weights_vault.ingest.seal import SealedFile, digest_of, seal_file
from weights_vault.ingest.source import Fingerprint, SourceFile
from weights_vault.sealed.body import (
    PLAIN_PART_SIZE,
    BodySealer,
    open_body,
    part_digest,
    part_range,
    sealed_size,
)

KEY, NONCE = b"k" * 16, b"n" * 16
MIB = 1 << 20


class Collector:
    """An object writer that keeps, or only counts, what is written."""

    def __init__(self, keep: bool = True) -> None:
        self.data, self.size, self._keep = bytearray(), 0, keep

    upload = ""

    def put(self, number: int, offset: int, data: memoryview) -> str:
        assert offset == self.size
        self.size += data.nbytes
        if self._keep:
            self.data += data
        return str(number)

    def holds(self, number: int, size: int, receipt: str) -> bool:
        return True

    def commit(self, receipts: Sequence[str]) -> None:
        return None


def source_of(place: Path, kind: str = "config") -> SourceFile:
    return SourceFile(place.name, place, kind, Fingerprint.of(place.lstat()))


def seal(source: SourceFile, writer: Collector) -> SealedFile:
    return seal_file(source, BodySealer(KEY, NONCE, source.size), NONCE, writer, SilentProgress())


@pytest.mark.parametrize(
    "size", [0, 1, 65_535, 65_536, 65_537, PLAIN_PART_SIZE - 1, PLAIN_PART_SIZE, PLAIN_PART_SIZE + 1]
)
def test_sealed_body_opens_to_the_source_at_every_boundary(size: int, tmp_path: Path) -> None:
    data = np.random.default_rng(size).bytes(size)
    (tmp_path / "file").write_bytes(data)
    writer = Collector()
    sealed = seal(source_of(tmp_path / "file"), writer)
    body = bytes(writer.data)
    assert len(body) == sealed_size(size)
    assert open_body(KEY, body) == data
    assert sealed.sha256 == hashlib.sha256(data).hexdigest()
    for index, digests in enumerate(sealed.parts):
        where = part_range(index, size)
        assert digests.plain == part_digest(data[where.plain_start : where.plain_end])
        assert digests.sealed == part_digest(body[where.body_start : where.body_end])


def test_tensor_that_crosses_parts_is_measured_whole(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=5_000_000).astype(np.float32)
    (tmp_path / "w.safetensors").write_bytes(safetensors({"w": values}))
    (tensor,) = seal(source_of(tmp_path / "w.safetensors", "weights"), Collector(keep=False)).tensors
    assert float.fromhex(tensor.absmax) == float(np.abs(values).max())
    assert float.fromhex(tensor.mean) == pytest.approx(float(values.astype(np.float64).mean()), rel=1e-9)
    assert tensor.blake3 == part_digest(values.tobytes())


def test_memory_is_a_few_parts_whatever_the_size(tmp_path: Path) -> None:
    size = 96 * MIB
    with (tmp_path / "file").open("wb") as file:
        file.truncate(size)
    source, writer = source_of(tmp_path / "file"), Collector(keep=False)
    tracemalloc.start()
    try:
        seal(source, writer)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert writer.size == sealed_size(size)
    assert peak < 40 * MIB


def test_digest_alone_is_the_same_digest(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1_000_000)
    source = source_of(tmp_path / "file")
    assert digest_of(source, SilentProgress()) == seal(source, Collector()).sha256
