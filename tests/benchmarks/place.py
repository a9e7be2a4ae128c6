"""Where a row is measured: a folder in memory (tmpfs), made for it and removed after it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import blake3
import numpy as np

from tests.benchmarks.errors import BenchError

MEMORY = Path("/dev/shm")
SPARE_BYTES = 1 << 30  # what programs, servers and the machine itself need besides the files
BLOCK = 16 << 20
TENSOR_BYTES = 64 << 20
# Clears the highest bit of a half-precision exponent: every value is then finite and below 2.
_FINITE = np.uint16(0xBFFF)


@contextmanager
def memory_folder(needed: int) -> Iterator[Path]:
    """A fresh folder on tmpfs, removed with all that is in it.

    needed: bytes that will lie in it at once. Raises: BenchError: there is no such room.
    """
    room = min(shutil.disk_usage(MEMORY).free, available_memory())
    if room < needed + SPARE_BYTES:
        raise BenchError(
            f"This row needs {_gib(needed + SPARE_BYTES)} of memory; {_gib(room)} are free. "
            "Give a smaller --size."
        )
    with removed_after(Path(tempfile.mkdtemp(prefix="weights-bench-", dir=MEMORY))) as folder:
        yield folder


@contextmanager
def disk_folder(needed: int) -> Iterator[Path]:
    """The same in memory where there is room for it, else on the disk of $TMPDIR."""
    try:
        with memory_folder(needed) as folder:
            yield folder
            return
    except BenchError:
        disk = Path(tempfile.gettempdir())
    room = shutil.disk_usage(disk).free
    if room < needed + SPARE_BYTES:
        raise BenchError(f"{disk} has {_gib(room)} free; {_gib(needed + SPARE_BYTES)} are needed.")
    with removed_after(Path(tempfile.mkdtemp(prefix="weights-bench-", dir=disk))) as folder:
        yield folder


@contextmanager
def removed_after(folder: Path) -> Iterator[Path]:
    """Remove the folder however this ends."""
    folder.chmod(0o755)  # servers that drop root read in it
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def available_memory() -> int:
    """Bytes that programs can still take (MemAvailable of /proc/meminfo)."""
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(fields["MemAvailable"].split()[0]) * 1024


def random_file(path: Path, size: int, seed: int) -> Path:
    """A file of `size` random bytes, the same for the same seed."""
    with path.open("wb") as file:
        _write_random(file.fileno(), size, seed)
    return path


def random_shard(path: Path, size: int, seed: int) -> Path:
    """A safetensors file of about `size` bytes: half-precision tensors of finite random values."""
    count = max(1, size // TENSOR_BYTES)
    each = size // count // 2 * 2
    header = {
        f"layers.{number}.weight": {
            "dtype": "F16",
            "shape": [each // 2],
            "data_offsets": [number * each, (number + 1) * each],
        }
        for number in range(count)
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.flush()
        _write_random(file.fileno(), count * each, seed)
    return path


def _write_random(descriptor: int, size: int, seed: int) -> None:
    source = np.random.Generator(np.random.SFC64(seed))
    for start in range(0, size, BLOCK):
        values = np.frombuffer(source.bytes(BLOCK), np.uint16) & _FINITE
        rest = memoryview(values.tobytes())[: size - start]
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def digest(path: Path) -> str:
    """BLAKE3-256 of a file, to see that a contestant did its work."""
    return blake3.blake3(max_threads=2).update_mmap(path).hexdigest()


def expect_same(path: Path, wanted: str) -> None:
    """Raises: BenchError: the file has not this digest."""
    if digest(path) != wanted:
        raise BenchError(f"{path.name} is not what it should be")


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
