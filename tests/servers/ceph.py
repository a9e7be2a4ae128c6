"""A real S3 server for tests: Ceph's RADOS Gateway on one in-memory store, ready in about two seconds.

It checks signatures, expiry, ranges and conditions as a store in production does; a mock would prove nothing
of that. Needs Debian's ceph-mon, ceph-osd, radosgw and ceph-common, and no root.

Known of it (16.2): If-None-Match is ignored on CompleteMultipartUpload, CRC32 headers too; URLs dated in the
future are accepted.
"""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.guard import Guard
from tests.servers.ports import HOST, kept_ports, wait_for

PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
PACKAGES = "ceph-mon ceph-osd radosgw ceph-common"
REGION = "default"
ACCESS_KEY = "TESTACCESSKEY00001"
SECRET_KEY = "TESTSECRETKEY0000000000000000000000001"
DEFAULT_BYTES = 4 * 2**30
READY_WITHIN_S = 60.0

# crc instead of encryption between the parts: with `secure`, and no authentication, the gateway hangs.
_CONFIGURATION = """
[global]
fsid = {fsid}
mon host = [v2:{host}:{mon}/0,v1:{host}:{mon_old}/0]
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
ms bind ipv6 = false
ms mon client mode = crc
ms mon service mode = crc
ms mon cluster mode = crc
auth cluster required = none
auth service required = none
auth client required = none
auth allow insecure global id reclaim = false
run dir = {folder}/run
admin socket = {folder}/run/$cluster-$name.$pid.asok
log file = {folder}/log/$name.log
pid file = {folder}/run/$name.pid
mon cluster log file = {folder}/log/cluster.log
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
mon data avail warn = 2
mon data avail crit = 1
paxos propose interval = 0.05
paxos min wait = 0.01
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
[mon.a]
mon data = {folder}/mon
mon initial members = a
[osd.0]
osd data = {folder}/osd0
osd objectstore = memstore
memstore device bytes = {size}
osd max object size = 268435456
[client.rgw]
rgw frontends = beast endpoint={host}:{port} tcp_nodelay=1
rgw data = {folder}/rgw
rgw thread pool size = 64
rgw enable usage log = false
rgw override bucket index max shards = 1
rgw dynamic resharding = false
rgw gc obj min wait = 1
"""


@dataclass(frozen=True)
class Gateway:
    """A running gateway. endpoint: http://127.0.0.1:PORT; paths, not hosts, name the bucket."""

    port: int

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    def storage_url(self, bucket: str, **parameters: str) -> str:
        """What STORAGE_URL says for `bucket`."""
        more = "".join(f"&{name}={value}" for name, value in parameters.items())
        return f"s3://{bucket}?endpoint={self.endpoint}&region={REGION}&path_style=1{more}"


def missing_programs() -> str:
    """What to install, as a sentence; empty where everything is there."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"no {', '.join(missing)}: apt-get install {PACKAGES}" if missing else ""


@contextmanager
def ceph_gateway(size: int = DEFAULT_BYTES) -> Iterator[Gateway]:
    """A gateway of its own, with one user, ACCESS_KEY.

    size: bytes that it holds at most; a full one hangs, and it frees what was deleted late: for a benchmark
        take three times what it stores, and a fresh gateway for each row.
    """
    folder = Path(tempfile.mkdtemp(prefix="rgw-", dir="/tmp"))  # short: socket names have 107 bytes
    guard = Guard(folder)
    ceph = _Ceph(folder, guard)
    with kept_ports(3) as ports:
        try:
            yield _start(ceph, folder, size, ports)
        finally:
            guard.end()
            ceph.reap()


def _start(ceph: "_Ceph", folder: Path, size: int, ports: Sequence[int]) -> Gateway:
    mon, mon_old, port = ports
    fsid, osd = str(uuid.uuid4()), str(uuid.uuid4())
    for name in ("mon", "osd0", "run", "log", "rgw"):
        (folder / name).mkdir()
    (folder / "ceph.conf").write_text(
        _CONFIGURATION.format(
            fsid=fsid, host=HOST, mon=mon, mon_old=mon_old, port=port, folder=folder, size=size
        )
    )
    address = f"[v2:{HOST}:{mon},v1:{HOST}:{mon_old}]"
    ceph.run("monmaptool", "--create", "--addv", "a", address, "--fsid", fsid, f"{folder}/monmap")
    ceph.run("ceph-mon", "--mkfs", "-i", "a", "--monmap", f"{folder}/monmap")
    ceph.serve("ceph-mon", "-i", "a")
    ceph.run("ceph", "osd", "new", osd, "0")
    ceph.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd, "--osd-objectstore", "memstore")
    ceph.run("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=localhost")
    ceph.serve("ceph-osd", "-i", "0")
    ceph.serve("radosgw", "-n", "client.rgw")
    wait_for(port, timeout_s=READY_WITHIN_S)
    make_user = ("user", "create", "--uid", "test", "--display-name", "test")
    keys = ("--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY)
    ceph.run("radosgw-admin", "-n", "client.rgw", *make_user, *keys)
    return Gateway(port)


class _Ceph:
    """Runs Ceph's programs under one configuration."""

    def __init__(self, folder: Path, guard: Guard) -> None:
        self._guard = guard
        self._log = folder / "programs.log"
        self._environment = {**os.environ, "CEPH_CONF": str(folder / "ceph.conf")}
        self._servers: list[subprocess.Popen[bytes]] = []

    def run(self, *command: str) -> None:
        """Raises: RuntimeError: it failed; with what it said."""
        with self._log.open("ab") as log:
            done = subprocess.run(
                command, env=self._environment, stdout=log, stderr=log, timeout=READY_WITHIN_S
            )
        if done.returncode:
            said = self._log.read_text(errors="replace")[-2_000:]
            raise RuntimeError(f"{command[0]} ended with status {done.returncode}: {said}")

    def serve(self, *command: str) -> None:
        """In the foreground (-f), so that its process id is the one we know."""
        with self._log.open("ab") as log:
            server = subprocess.Popen(
                [*command, "-f"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._servers.append(server)
        self._guard.watch(server.pid)

    def reap(self) -> None:
        for server in self._servers:
            server.wait()
