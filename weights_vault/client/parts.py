"""Files on this disk that consist of parts, and the check of their parts against signed digests."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from weights_vault.sealed.body import NONCE_SIZE, PART_SIZE, part_count, part_digest, part_range
from weights_vault.sealed.manifest import ManifestFile

CHECK_THREADS = 2
_buffers = threading.local()


@dataclass(frozen=True)
class Target:
    """One file that grows by parts: the opened file, or its sealed body.

    final: its name once complete. partial: its name until then. size: bytes when complete.
    spans: half-open byte offsets of each part. digests: BLAKE3-256 hex of each part.
    prefix: bytes before the first part (the nonce of a sealed body).
    """

    final: Path
    partial: Path
    size: int
    spans: tuple[tuple[int, int], ...]
    digests: tuple[str, ...]
    prefix: bytes = b""


def plain_target(file: ManifestFile, *, final: Path, partial: Path) -> Target:
    """The opened file of a manifest entry."""
    ranges = [part_range(index, file.size) for index in range(part_count(file.size))]
    return Target(
        final=final,
        partial=partial,
        size=file.size,
        spans=tuple((part.plain_start, part.plain_end) for part in ranges),
        digests=tuple(digests.plain for digests in file.parts),
    )


def sealed_target(file: ManifestFile, *, final: Path, partial: Path) -> Target:
    """The sealed body of a manifest entry: nonce, then the parts as they are stored."""
    ranges = [part_range(index, file.size) for index in range(part_count(file.size))]
    return Target(
        final=final,
        partial=partial,
        size=file.body_size,
        spans=tuple((part.body_start, part.body_end) for part in ranges),
        digests=tuple(digests.sealed for digests in file.parts),
        prefix=bytes.fromhex(file.nonce)[:NONCE_SIZE],
    )


def good_parts(descriptor: int, target: Target, indices: Iterable[int]) -> set[int]:
    """Those of the parts whose bytes on disk have the signed digest.

    descriptor: open for reading. indices: part numbers from 0.
    Raises: OSError: the disk cannot be read.
    """
    wanted = sorted(set(indices))
    if len(wanted) < 2:
        return {index for index in wanted if is_good(descriptor, target, index)}
    with ThreadPoolExecutor(CHECK_THREADS) as pool:
        verdicts = pool.map(lambda index: is_good(descriptor, target, index), wanted)
        return {index for index, good in zip(wanted, verdicts, strict=True) if good}


def is_good(descriptor: int, target: Target, index: int) -> bool:
    """Whether one part on disk has its signed digest; a short read is a no."""
    start, end = target.spans[index]
    view = _buffer()[: end - start]
    filled = 0
    while filled < len(view):
        count = os.preadv(descriptor, [view[filled:]], start + filled)
        if count == 0:
            return False
        filled += count
    return part_digest(view) == target.digests[index]


def _buffer() -> memoryview:
    # One buffer a thread, kept: allocating 16 MiB for each part costs more than hashing it.
    view: memoryview | None = getattr(_buffers, "view", None)
    if view is None:
        view = memoryview(bytearray(PART_SIZE))
        _buffers.view = view
    return view
