"""Debian's nginx on loopback ports, in a folder of its own, for as long as a test wants it.

It needs no root: pid, logs and every temporary path lie in that folder. `documented` is the configuration
that operators are told to use, taken from the page that tells them.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pytest

from tests.servers.ports import wait_for

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "run-a-portal.md"
START_TRIES = 400
TRY_S = 0.05
STOP_WAIT_S = 5.0
MISSING = "nginx is not installed: Debian's `nginx` has it"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def binary() -> str:
    """The path of nginx. Where there is none the test is skipped, and fails in continuous integration."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    if found is None:
        pytest.skip(MISSING)
    return found


class Nginx:
    """A running nginx: `with Nginx(folder, http, ports)` starts it and ends it, whatever happens.

    folder: empty; holds what nginx writes. http: what stands in its http block. ports: where that listens.
    doors: sockets that it listens on, and that nobody could take before; they are nginx's from then on.
    """

    def __init__(
        self, folder: Path, http: str, ports: Sequence[int] = (), *, doors: Sequence[socket.socket] = ()
    ) -> None:
        self.folder = folder
        self._http = http
        self._ports = ports
        self._doors = doors
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Nginx":
        program = binary()
        configuration = self.folder / "nginx.conf"
        configuration.write_text(_whole(self.folder, self._http))
        error_log = str(self.folder / "error.log")
        for door in self._doors:
            # nginx leaves what it inherits as it is. Both workers wake for one connection, and the one that
            # comes second would wait in accept() for the next, deaf to all that it has.
            door.setblocking(False)
        inherited = [door.fileno() for door in self._doors]
        with (self.folder / "output.log").open("wb") as output:
            self._process = subprocess.Popen(
                [program, "-p", str(self.folder), "-c", str(configuration), "-e", error_log],
                # As nginx hands its sockets to the next nginx when it is upgraded while it runs.
                env={**os.environ, "NGINX": "".join(f"{number};" for number in inherited)},
                pass_fds=inherited,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        for door in self._doors:
            door.close()
        try:
            self._wait(self._process)
            for port in self._ports:
                wait_for(port, timeout_s=START_TRIES * TRY_S)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def log(self, name: str) -> str:
        """What a log in the folder holds by now."""
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        """Until it has read its configuration and taken its sockets."""
        for _ in range(START_TRIES):
            if self.log("nginx.pid"):
                return
            with suppress(subprocess.TimeoutExpired):
                process.wait(TRY_S)
                break
        raise RuntimeError(f"nginx did not start: {self.log('output.log')}{self.log('error.log')}")

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@dataclass(frozen=True)
class Places:
    """What a machine fills in on the page: https, http, portal: ports; store, certificate, key: paths."""

    https: int
    http: int
    portal: int
    store: Path
    certificate: Path
    key: Path


def documented(places: Places, folder: Path) -> str:
    """The http block of docs/how-to/run-a-portal.md with the places of a test; its logs lie in `folder`."""
    [block] = re.findall(r"^```nginx\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    # Not every machine that runs tests has IPv6.
    block = re.sub(r"\n *listen \[::\][^\n]*", "", block)
    return _filled(
        block,
        {
            "listen 80;": f"listen 127.0.0.1:{places.http};",
            "listen 443 ssl;": f"listen 127.0.0.1:{places.https} ssl;",
            "http://127.0.0.1:8000": f"http://127.0.0.1:{places.portal}",
            "alias /srv/weights/;": f"alias {places.store}/;",
            "/etc/ssl/weights/fullchain.pem": str(places.certificate),
            "/etc/ssl/weights/key.pem": str(places.key),
            "/var/log/nginx/": f"{folder}/",
        },
    )


def _filled(text: str, places: Mapping[str, str]) -> str:
    for written, filled in places.items():
        if written not in text:
            raise RuntimeError(f"the page no longer says {written!r}")
        text = text.replace(written, filled)
    return text


def _whole(folder: Path, http: str) -> str:
    """What Debian's nginx.conf is around a site, with every path in `folder`."""
    # As root, workers would become www-data, who cannot pass pytest's temporary folders.
    user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
    temporary = "\n".join(f"    {name}_temp_path {folder}/{name}_temp;" for name in _TEMPORARY)
    return f"""daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
{temporary}
    access_log off;
    default_type text/plain;
    gzip on;
    gzip_types application/octet-stream;
{http}
}}
"""
