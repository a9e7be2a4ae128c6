"""The large release: 20 GiB of random shards through publish and download, with the memory that each took."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.context import Context
from tests.benchmarks.download import RELEASE
from tests.benchmarks.nginx import ACCEL, Front
from tests.benchmarks.peers import ensure_client
from tests.benchmarks.place import digest, disk_folder, expect_same
from tests.benchmarks.portal import Granted, Portal, make_portal, make_release_folder, shard_name
from tests.benchmarks.programs import Ran, peak_of_children, run
from tests.benchmarks.row import Row, Series, Target, Unit, gigabytes_a_second
from tests.servers.ports import free_ports

SHARD_BYTES = 1 << 30
JOBS = 4
# 250 MB and 20 MB a job, whatever the size of the release.
MOST_MEMORY_MB = 250 + 20 * JOBS


def large(context: Context) -> list[Row]:
    """Once: publish, forget the plain folder, download, compare every shard with what was published."""
    shards = max(1, context.size // SHARD_BYTES)
    with disk_folder(2 * context.size + context.size // 8) as folder:
        context.say(f"  {folder}: {shards} shards")
        model = make_release_folder(folder / "model", context.size, shards)
        wanted = {name: digest(model / name) for name in _shards(shards)}
        port, portal_port = free_ports(2)
        front = Front(port, portal_port, folder / "portal" / "var" / "store", folder / "plain")
        (folder / "plain").mkdir()
        portal = make_portal(folder / "portal", front.url, [RELEASE], DELIVERY_ACCEL=ACCEL)
        context.say("  publishing")
        published = portal.manage("publish", str(model), RELEASE, watch=True)
        context.say(f"  published in {published.seconds:.0f} s, {published.peak >> 20} MiB at most")
        shutil.rmtree(model)
        granted = portal.grant(RELEASE)
        with portal.serving(portal_port) as gunicorn, front.nginx(folder / "nginx"):
            fetched = _download(portal, granted, folder)
            web = peak_of_children(gunicorn)
        context.say(f"  downloaded in {fetched.seconds:.0f} s, {fetched.peak >> 20} MiB at most")
        for name, expected in wanted.items():
            expect_same(folder / "out" / name, expected)
        where = "tmpfs" if folder.is_relative_to("/dev/shm") else "the disk of $TMPDIR"
    size = sum(file.size for file in granted.files)
    return _rows(size, published, fetched, web, [f"{shards} shards, {size:,} bytes, on {where}; one run."])


def _shards(count: int) -> list[str]:
    return [shard_name(number, count) for number in range(1, count + 1)]


def _download(portal: Portal, granted: Granted, folder: Path) -> Ran:
    command = [str(ensure_client()), "--quiet", "download", RELEASE]
    command += ["--to", str(folder / "out"), "--jobs", str(JOBS)]
    return run(command, portal.recipient(granted, folder / "home"), watch=True)


def _rows(size: int, published: Ran, fetched: Ran, web: int, facts: Sequence[str]) -> list[Row]:
    publish = f"python -m tests.benchmarks.processes.portal_world publish $T/model {RELEASE}"
    download = f"weights --quiet download {RELEASE} --to $T/out --jobs {JOBS}"
    told = (
        *facts,
        f"Published in {published.seconds:.1f} s, downloaded from nginx in {fetched.seconds:.1f} s; every "
        "shard was compared with the published one after it.",
        "Memory is the high-water mark of the process (VmHWM), read while it ran.",
    )

    def row(what: str, unit: Unit, name: str, command: str, figure: float, most: float | None = None) -> Row:
        target = Target("at most", most) if most is not None else None
        return Row("large", what, unit, Series(name, (command,), (figure,)), None, target, told)

    rate = gigabytes_a_second(size, [published.seconds, fetched.seconds])
    return [
        row("publish, whole pass", "GB/s", "weights publish", publish, rate[0]),
        row("publish, peak memory", "MB", "weights publish", publish, published.peak / 1e6),
        row("`weights download`, verified and opened", "GB/s", "weights download", download, rate[1]),
        row("`weights download`, peak memory", "MB", "weights download", download, fetched.peak / 1e6,
            MOST_MEMORY_MB),
        row("the portal's web process, peak memory", "MB", "gunicorn", "gunicorn portal.wsgi", web / 1e6),
    ]  # fmt: skip
