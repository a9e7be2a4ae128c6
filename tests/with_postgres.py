"""Run a command with DATABASE_URL naming a PostgreSQL that lives as long as the command.

Usage: python -m tests.with_postgres COMMAND [ARGUMENT …]
The server listens on a free loopback port, in a temporary folder, owned by the postgres account when the
caller is root (PostgreSQL refuses to run as root).
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
# Databases of tests live for minutes, and a vacuum that is still at one when a worker drops it is "another
# session", for which the drop fails. Benchmarks keep theirs: what it costs, they cost.
NO_VACUUM = "-c autovacuum=off"


def find_binaries() -> Path:
    """The newest installed PostgreSQL's folder of server programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).parent
    raise SystemExit("PostgreSQL is not installed. Install Debian's `postgresql` and run this again.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def as_postgres(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "env", "HOME=/tmp", *command]


@contextmanager
def postgres(more: str = "") -> Iterator[str]:
    """A running server; yields its DATABASE_URL."""
    binaries, port = find_binaries(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="wp-pg-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    control = [str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-w", "-s"]
    options = f"-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories={folder} {OPTIONS} {more}"
    initdb = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "trust"]
    try:
        subprocess.run(
            as_postgres([*initdb, "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"]),
            check=True, cwd="/tmp", stdout=subprocess.DEVNULL,
        )  # fmt: skip
        start = [*control, "-l", str(folder / "log"), "-o", options, "start"]
        subprocess.run(as_postgres(start), check=True, cwd="/tmp")
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(as_postgres([*control, "-m", "immediate", "stop"]), cwd="/tmp", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    with postgres(NO_VACUUM) as url:
        return subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
