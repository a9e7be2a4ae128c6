"""Every limit of the download engine, with its unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from weights_vault.client.retry import backoff_s

MAX_JOBS = 64
# Where nobody says how many. Two keep two cores busy on a fast line, on which more are slower.
FIRST_JOBS = 2
# A connection that brings less than this in stall_s (2 KiB/s) is better made anew.
STALL_BYTES = 64 << 10
# The portal takes 500 ids a call; fewer keep one answer (1.6 KB of header a file, in base64) small.
BATCH_FILES = 100
# Room that a nearly full disk needs for the journal, the manifest and the file system itself.
SPARE_DISK_BYTES = 64 << 20


@dataclass(frozen=True)
class Limits:
    """connect_s: for a connection to be made. stall_s: for the next STALL_BYTES to arrive, else the
    connection is dropped.
    tries: failures in a row without progress before giving up. progress_bytes: what counts as progress.
    digest_tries: fetches of a part whose digest is wrong. odd_tries: answers in a row that break the
    protocol.
    url_tries: fresh URLs in a row that the store refuses. tick_s: how often progress is shown and stalls are
    looked for.
    """

    connect_s: float = 15.0
    stall_s: float = 30.0
    tries: int = 8
    progress_bytes: int = 64 << 10
    digest_tries: int = 3
    odd_tries: int = 4
    url_tries: int = 3
    tick_s: float = 0.2
    backoff: Callable[[int], float] = backoff_s
