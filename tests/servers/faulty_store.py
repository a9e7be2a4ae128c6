"""A proxy before the S3 gateway that loses answers, cuts them short, or answers itself with a fault.

The store acts on what is forwarded: a lost answer is one that was given.
"""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

from tests.servers.ceph import Gateway
from tests.servers.ports import HOST

Fault = Literal["lose the answer", "cut the answer", "internal error", "slow down"]
_ERRORS = {"internal error": (500, "InternalError"), "slow down": (503, "SlowDown")}
RETRY_AFTER_S = 7
_HOP_BY_HOP = {"connection", "expect", "transfer-encoding", "keep-alive"}


@dataclass
class FaultyStore:
    """plan: (method, query, how many of the kind came before) → what happens to this request, or None."""

    endpoint: str
    plan: Callable[[str, str, int], Fault | None] = lambda method, query, before: None
    seen: list[tuple[str, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fault_for(self, method: str, target: str) -> Fault | None:
        query = urlsplit(target).query
        with self._lock:
            before = sum(1 for each in self.seen if each == (method, _kind(query)))
            self.seen.append((method, _kind(query)))
        return self.plan(method, _kind(query), before)


@contextmanager
def faulty_store(gateway: Gateway) -> Iterator[FaultyStore]:
    """A proxy to `gateway`; the caller sets its `plan`."""
    server = ThreadingHTTPServer((HOST, 0), _Handler)
    store = FaultyStore(f"http://{HOST}:{server.server_port}")
    server.faulty, server.gateway = store, gateway  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _kind(query: str) -> str:
    """The names of the parameters, which say what a request of S3 is about."""
    return "&".join(sorted(pair.partition("=")[0] for pair in query.split("&") if pair))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        store: FaultyStore = self.server.faulty  # type: ignore[attr-defined]
        fault = store.fault_for(self.command, self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if fault in _ERRORS:
            self._refuse(*_ERRORS[fault])
            return
        status, headers, answer = self._forward(body)
        if fault == "lose the answer":
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if fault == "cut the answer":
            answer = answer[: len(answer) // 2]
            self.close_connection = True
        self.wfile.write(answer)

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """The Host stays as it was: it is signed."""
        gateway: Gateway = self.server.gateway  # type: ignore[attr-defined]
        connection = http.client.HTTPConnection(HOST, gateway.port, timeout=30)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            data = answer.read()
            headers = [each for each in answer.getheaders() if each[0].lower() not in _HOP_BY_HOP]
            if answer.getheader("Content-Length") is None:
                headers.append(("Content-Length", str(len(data))))
            return answer.status, headers, data
        finally:
            connection.close()

    def _refuse(self, status: int, code: str) -> None:
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>m</Message></Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", str(RETRY_AFTER_S))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        return None
