"""nginx before a portal, as docs/how-to/run-a-portal.md has it: it sends the bodies, the portal signs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.peers import program
from tests.servers.ports import wait_for

ACCEL = "/stored/"
START_S = 20.0
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_CONFIGURATION = """
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    {temporary}
    log_format parts '$request_method $uri $status $body_bytes_sent "$sent_http_content_range"';
    server {{
        listen 127.0.0.1:{port};
        access_log {folder}/access.log parts;
        gzip off;
        sendfile on;
        keepalive_requests 100000;
        location / {{
            proxy_pass http://127.0.0.1:{portal_port};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
        }}
        location {accel} {{ internal; alias {store}/; {limit} }}
        location /plain/ {{ alias {plain}/; access_log off; }}
    }}
}}
"""
_LINE = re.compile(r'^(?P<method>\S+) (?P<path>\S+) (?P<status>\d+) (?P<sent>\d+) "(?P<range>[^"]*)"$')
_RANGE = re.compile(r"bytes (\d+)-(\d+)/\d+")


@dataclass(frozen=True)
class Sending:
    """One answered request for stored bytes. start, end: half-open range asked for; sent: bytes gone out."""

    object: str
    start: int
    end: int
    sent: int

    @property
    def was_cut(self) -> bool:
        """Whether the reader went away before its end."""
        return self.sent < self.end - self.start


@dataclass(frozen=True)
class Front:
    """Where nginx stands. portal_port: of the portal behind it. store: the folder of the bodies.

    plain: a folder that it serves under /plain/ for the peers. bytes_per_s: at most, on each connection that
    fetches a body; 0: no limit.
    """

    port: int
    portal_port: int
    store: Path
    plain: Path
    bytes_per_s: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def nginx(self, folder: Path) -> Iterator[None]:
        """A running server; its log of deliveries is `access.log`. folder: all that it writes lies there."""
        folder.mkdir()
        (folder / "nginx.conf").write_text(self._configuration(folder))
        command = [program("nginx"), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(self.port, timeout_s=START_S)
            yield
        finally:
            process.terminate()
            process.wait()

    def _configuration(self, folder: Path) -> str:
        return _CONFIGURATION.format(
            folder=folder,
            # As root, workers would become www-data, who cannot read the store.
            user="user root;" if os.geteuid() == 0 else "",
            temporary=" ".join(f"{name}_temp_path {folder}/{name};" for name in _TEMPORARY),
            limit=f"limit_rate {self.bytes_per_s};" if self.bytes_per_s else "",
            port=self.port,
            portal_port=self.portal_port,
            accel=ACCEL,
            store=self.store,
            plain=self.plain,
        )


def sendings(log: str) -> list[Sending]:
    """The deliveries that an access log tells of, in order; other requests are left out."""
    found = []
    for line in log.splitlines():
        match = _LINE.match(line)
        place = match and _RANGE.match(match["range"])
        if match and place and match["status"] == "206":
            name = match["path"].rsplit("/", 1)[-1]
            found.append(Sending(name, int(place[1]), int(place[2]) + 1, int(match["sent"])))
    return found
