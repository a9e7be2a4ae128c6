"""Open a sealed file into a file, part by part, each after its digest, as `weights` does.

Usage: python -m tests.benchmarks.processes.open_file WHAT.json IDENTITY HEADER OUT
"""

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.benchmarks.processes.opening import THREADS, Sealed, read
from tests.benchmarks.processes.said import say
from weights_vault.client.parts import Target
from weights_vault.client.transfer.writer import TargetWriter
from weights_vault.sealed.body import PART_SIZE, check_part_digest, part_range


def target_of(sealed: Sealed, out: Path) -> Target:
    """The opened file as `weights` sees it while it grows."""
    spans = [part_range(index, sealed.size) for index in sealed.parts]
    return Target(
        final=out,
        partial=out,
        size=sealed.size,
        spans=tuple((span.plain_start, span.plain_end) for span in spans),
        digests=(),
    )


def work(sealed: Sealed, source: int, target: TargetWriter, parts: Iterator[int]) -> None:
    """Take parts until there are none, each opened in the one buffer that it was read into."""
    buffer = memoryview(bytearray(PART_SIZE))
    for index in parts:
        place = part_range(index, sealed.size)
        part = buffer[: place.sealed_size]
        os.preadv(source, [part], place.body_start)
        check_part_digest(part, sealed.digests[index], index=index)
        target.write(index, sealed.opener.open_part_in_place(index, part))


def main() -> None:
    what, identity, header, out = (Path(argument) for argument in sys.argv[1:])
    began = time.perf_counter()
    sealed = read(what, identity, header)
    source, target = os.open(sealed.body, os.O_RDONLY), TargetWriter(target_of(sealed, out))
    parts = iter(sealed.parts)
    with ThreadPoolExecutor(THREADS) as pool:
        for each in [pool.submit(work, sealed, source, target, parts) for _ in range(THREADS)]:
            each.result()
    target.close()
    say(seconds=time.perf_counter() - began)


main()
