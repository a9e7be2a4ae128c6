"""Open a sealed body that lies in memory into memory, each part after its digest, in two threads.

Usage: python -m tests.benchmarks.processes.open_memory WHAT.json IDENTITY HEADER
"""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.benchmarks.processes.opening import THREADS, Sealed, read
from tests.benchmarks.processes.said import say
from weights_vault.sealed.body import check_part_digest, part_range


def work(sealed: Sealed, body: memoryview, parts: Iterator[int]) -> None:
    """Take parts until there are none; each is opened over its own sealed bytes."""
    for index in parts:
        place = part_range(index, sealed.size)
        part = body[place.body_start : place.body_end]
        check_part_digest(part, sealed.digests[index], index=index)
        sealed.opener.open_part_in_place(index, part)


def main() -> None:
    sealed = read(*(Path(argument) for argument in sys.argv[1:]))
    body, parts = memoryview(bytearray(sealed.body.read_bytes())), iter(sealed.parts)
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        for each in [pool.submit(work, sealed, body, parts) for _ in range(THREADS)]:
            each.result()
    say(seconds=time.perf_counter() - began)


main()
