"""Leaf hashes of the log made again from the events themselves, on both cores where the log is long."""

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

from django.db import connection, connections

from portal.core.log.entries import placed
from weights_vault.sealed.log.tree import HASH_SIZE, leaf_hash

CHUNK = 8_192  # leaves made together; whole tiles
LONG = 65_536  # leaves from which on a second process is worth its start
PROCESSES = 2
_AHEAD = 4  # chunks that may wait for the reader: memory stays the same however long the log is


def leaves(begin: int, end: int, processes: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield the first position and the hashes, 32 bytes each, of one chunk of leaves after the other.

    begin, end: the leaves begin to end - 1. Where one of them has no event, it ends before it. processes:
    None: as many as the length deserves; more than one sees only what is committed.
    """
    if processes is None:
        processes = PROCESSES if end - begin >= LONG and not connection.in_atomic_block else 1
    chunks = [(start, min(end, start + CHUNK)) for start in range(begin, end, CHUNK)]
    for (start, stop), made in zip(chunks, _all_made(chunks, processes), strict=True):
        yield start, made
        if len(made) != (stop - start) * HASH_SIZE:
            return


def _all_made(chunks: list[tuple[int, int]], processes: int) -> Iterator[bytes]:
    if processes == 1:
        yield from (_made(*chunk) for chunk in chunks)
        return
    connections.close_all()  # a connection must not be in two processes
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork")) as pool:
        waiting: deque[Future[bytes]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_made, *chunk))
            if len(waiting) >= _AHEAD:
                yield waiting.popleft().result()
        yield from (each.result() for each in waiting)


def _made(start: int, end: int) -> bytes:
    """The hashes of leaves start to end - 1, up to the first that has no event."""
    found = []
    for expected, (position, _, entry) in enumerate(placed(start, end), start):
        if position != expected or entry is None:
            break
        found.append(leaf_hash(entry))
    return b"".join(found)
