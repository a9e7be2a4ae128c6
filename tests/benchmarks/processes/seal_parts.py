"""Seal a file into a body, part by part with both digests, in two threads: the format alone, no SHA-256.

Usage: python -m tests.benchmarks.processes.seal_parts PLAIN OUT
"""

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.benchmarks.processes.said import say
from weights_vault.sealed.body import (
    PART_SIZE,
    PLAIN_PART_SIZE,
    BodySealer,
    new_file_key,
    new_nonce,
    part_count,
    part_digest,
    part_range,
)
from weights_vault.sealed.manifest import PartDigests

THREADS = 2


def work(
    sealer: BodySealer, source: int, target: int, parts: Iterator[int], digests: dict[int, PartDigests]
) -> None:
    """Take parts until there are none."""
    plain, sealed = memoryview(bytearray(PLAIN_PART_SIZE)), memoryview(bytearray(PART_SIZE))
    for index in parts:
        place = part_range(index, sealer.plain_size)
        data = plain[: place.plain_size]
        os.preadv(source, [data], place.plain_start)
        written = sealed[: sealer.seal_part(index, data, sealed)]
        digests[index] = PartDigests(sealed=part_digest(written), plain=part_digest(data))
        os.pwrite(target, written, place.body_start)


def main() -> None:
    began = time.perf_counter()
    source = os.open(sys.argv[1], os.O_RDONLY)
    target = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    nonce, digests = new_nonce(), dict[int, PartDigests]()
    sealer = BodySealer(new_file_key(), nonce, os.fstat(source).st_size)
    parts = iter(range(part_count(sealer.plain_size)))
    os.pwrite(target, nonce, 0)
    with ThreadPoolExecutor(THREADS) as pool:
        for each in [pool.submit(work, sealer, source, target, parts, digests) for _ in range(THREADS)]:
            each.result()
    os.fsync(target)
    if len(digests) != part_count(sealer.plain_size):
        raise RuntimeError("a part has no digests")
    say(seconds=time.perf_counter() - began)


main()
