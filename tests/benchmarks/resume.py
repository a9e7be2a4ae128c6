"""The row of going on: `weights download` killed again and again, and what was fetched twice for it."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.context import Context
from tests.benchmarks.download import RELEASE, Fetching, published
from tests.benchmarks.errors import BenchError
from tests.benchmarks.nginx import ACCEL, Front, Sending, sendings
from tests.benchmarks.peers import ensure_client
from tests.benchmarks.place import expect_same, memory_folder
from tests.benchmarks.portal import make_portal
from tests.benchmarks.programs import ROOT, clean_environment
from tests.benchmarks.row import Row, Series, Target
from tests.servers.ports import free_ports
from weights_vault.sealed.body import PART_SIZE

JOBS = 4
LINE_BYTES_PER_S = 24 << 20  # of each connection: a part takes 0.7 s
LATEST_KILL_S = 1.5  # after the URLs were handed out
POLL_S = 0.005
SEED = 20261121


@dataclass
class Toll:
    """kills: that hit a process which had begun to fetch. finished: folders that came to their end."""

    kills: int = 0
    finished: int = 0
    moments: random.Random = field(default_factory=lambda: random.Random(SEED))


def resume(context: Context) -> list[Row]:
    """Bytes fetched twice, in parts for each worker and kill."""
    with memory_folder(3 * context.size) as folder:
        port, portal_port = free_ports(2)
        store = folder / "portal" / "var" / "store"
        front = Front(port, portal_port, store, folder / "plain", bytes_per_s=LINE_BYTES_PER_S)
        portal = make_portal(folder / "portal", front.url, [RELEASE], DELIVERY_ACCEL=ACCEL)
        fetching = published(portal, folder, context.size)
        with portal.serving(portal_port), front.nginx(folder / "nginx"):
            log, toll = folder / "nginx" / "access.log", Toll()
            while toll.kills < context.kills:
                _run_and_kill(fetching, log, toll)
                if toll.kills % 10 == 0:
                    context.say(f"  {toll.kills} of {context.kills} kills")
            _finish(fetching, toll)
            sent = sendings(log.read_text())
    return [_row(fetching, toll, sent)]


def twice(sent: Sequence[Sending], finished: int, body_bytes: int) -> int:
    """Bytes that went out more than once. finished: how often all `body_bytes` were needed."""
    return sum(each.sent for each in sent) - finished * body_bytes


def parts_a_worker_a_kill(again: int, kills: int, jobs: int) -> float:
    """again: bytes fetched twice."""
    return again / PART_SIZE / (kills * jobs)


def _run_and_kill(fetching: Fetching, log: Path, toll: Toll) -> None:
    """Start the command, wait until it has its URLs, give it a random moment, then SIGKILL."""
    handed_out = _url_calls(log)
    process = _start(fetching)
    while _url_calls(log) == handed_out and process.poll() is None:
        time.sleep(POLL_S)
    try:
        process.wait(toll.moments.uniform(0, LATEST_KILL_S))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        toll.kills += 1
        return
    _note_finished(fetching, process, toll)


def _finish(fetching: Fetching, toll: Toll) -> None:
    process = _start(fetching)
    process.wait()
    _note_finished(fetching, process, toll)


def _note_finished(fetching: Fetching, process: subprocess.Popen[bytes], toll: Toll) -> None:
    """A download came to its end: look at the file, and begin a new folder."""
    if process.returncode != 0:
        raise BenchError(f"weights download ended with {process.returncode}")
    expect_same(fetching.out / fetching.granted.shards[0].path, fetching.wanted)
    shutil.rmtree(fetching.out)
    toll.finished += 1


def _start(fetching: Fetching) -> subprocess.Popen[bytes]:
    command = [str(ensure_client()), "--quiet", "download", RELEASE]
    command += ["--to", str(fetching.out), "--jobs", str(JOBS)]
    environment = fetching.portal.recipient(fetching.granted, fetching.folder / "home")
    return subprocess.Popen(
        command, cwd=ROOT, env=clean_environment(environment), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _url_calls(log: Path) -> int:
    """How often the portal handed out URLs, by nginx's log."""
    return sum(line.startswith("POST ") and "/urls " in line for line in log.read_text().splitlines())


def _row(fetching: Fetching, toll: Toll, sent: Sequence[Sending]) -> Row:
    bodies = sum(file.body_size for file in fetching.granted.files)
    again = twice(sent, toll.finished, bodies)
    cut = sum(each.was_cut for each in sent)
    facts = (
        f"{toll.kills} times SIGKILL, each at a random moment within {LATEST_KILL_S:g} s of the first call "
        f"for URLs; {JOBS} workers on lines of {LINE_BYTES_PER_S >> 20} MiB/s each.",
        f"Counted by nginx's log: {sum(each.sent for each in sent):,} bytes went out for {toll.finished} "
        f"complete downloads of {bodies:,} bytes each; {again:,} of them were sent twice, and {cut} requests "
        "cut short. nginx counts what it handed to the kernel: bytes in a socket's buffers count as fetched.",
    )
    command = f"weights --quiet download {RELEASE} --to $T/out --jobs {JOBS}"
    figure = parts_a_worker_a_kill(again, toll.kills, JOBS)
    ours = Series("weights download", (command,), (figure,))
    what = f"resume after {toll.kills} random kills: fetched twice, for each worker and kill"
    return Row("resume", what, "parts", ours, None, Target("at most", 1.0), facts)
