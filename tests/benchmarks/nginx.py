"""nginx before a portal, as docs/how-to/run-a-portal.md has it: it sends the bodies, the portal signs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.servers.nginx import Nginx

ACCEL = "/stored/"
_HTTP = """
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

    def nginx(self, folder: Path) -> Nginx:
        """A server to be entered; its log of deliveries is `access.log`. folder: empty."""
        folder.mkdir()
        limit = f"limit_rate {self.bytes_per_s};" if self.bytes_per_s else ""
        http = _HTTP.format(
            folder=folder, port=self.port, portal_port=self.portal_port, accel=ACCEL, store=self.store,
            limit=limit, plain=self.plain,
        )  # fmt: skip
        return Nginx(folder, http, [self.port])


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
