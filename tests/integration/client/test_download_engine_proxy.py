"""The bulk path through a proxy: absolute-form for http, CONNECT for https, and what refuses."""

from __future__ import annotations

import base64
import ipaddress
import os
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.client.recipient import Recipient
from tests.simulators.portal import SimulatedPortal
from weights_vault.client.errors import Unreachable
from weights_vault.client.transfer import connection
from weights_vault.client.transfer.connection import Fill, LineTrouble, ProxyRefused, RangeConnection

BODY = bytes(range(256)) * 1000
PASSWORD = "proxy-secret-1"
ALLOWED = "Basic " + base64.b64encode(f"u:{PASSWORD}".encode()).decode()


class _Proxy(BaseHTTPRequestHandler):
    """Forwards; `server.seen` has what it was asked, `server.answers` an answer in place of its service."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _let_through(self) -> bool:
        server: Any = self.server
        server.seen.append((self.command, self.path, self.headers.get("Proxy-Authorization")))
        status = server.answers or (0 if self.headers.get("Proxy-Authorization") == ALLOWED else 407)
        if status:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
        return not status

    def do_CONNECT(self) -> None:
        if not self._let_through():
            return
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as far:
            self.send_response(200)
            self.end_headers()
            self._pump(far)
        self.close_connection = True

    def do_GET(self) -> None:
        if not self._let_through():
            return
        parts = urlsplit(self.path)
        with socket.create_connection((parts.hostname, parts.port)) as far:
            wanted = [f"GET {parts.path}?{parts.query} HTTP/1.1"]
            wanted += [f"{name}: {value}" for name, value in self.headers.items() if "Proxy" not in name]
            far.sendall(("\r\n".join([*wanted, "Connection: close"]) + "\r\n\r\n").encode())
            while data := far.recv(1 << 16):
                self.connection.sendall(data)
        self.close_connection = True

    def _pump(self, far: socket.socket) -> None:
        while True:
            ready, _, _ = select.select([self.connection, far], [], [], 10)
            for one in ready:
                data = one.recv(1 << 16)
                if not data:
                    return
                (far if one is self.connection else self.connection).sendall(data)


class _Store(BaseHTTPRequestHandler):
    """One object behind TLS."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.server.seen.append(dict(self.headers))  # type: ignore[attr-defined]
        start, end = (int(word) for word in self.headers["Range"].removeprefix("bytes=").split("-"))
        self.send_response(206)
        self.send_header("Content-Length", str(end + 1 - start))
        self.send_header("Content-Range", f"bytes {start}-{end}/{len(BODY)}")
        self.end_headers()
        self.wfile.write(BODY[start : end + 1])


@contextmanager
def running(handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads, server.block_on_close = True, False
    server.seen, server.answers = [], 0
    server.handle_error = lambda request, address: None  # a client that hangs up is none of its mistakes
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def proxy() -> Iterator[Any]:
    with running(_Proxy) as server:
        server.address = f"127.0.0.1:{server.server_address[1]}"
        server.url = f"http://u:{PASSWORD}@{server.address}"
        yield server


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An https store whose certificate this test's client trusts, as a person would have it: by a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, moment = x509.Name([]), datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
        .add_extension(address, critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "store.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    connection._tls.cache_clear()
    with running(_Store, context) as server:
        server.url = f"https://127.0.0.1:{server.server_address[1]}/object?signature=url-secret"
        yield server
    connection._tls.cache_clear()


def fetch(url: str, start: int = 100, end: int = 200_000, lines: RangeConnection | None = None) -> bytes:
    buffer = bytearray(end - start)
    lines = lines or RangeConnection(connect_s=5, stall_s=5)
    try:
        lines.read_range(url, start, end, len(BODY), Fill(memoryview(buffer), lambda count: None))
    finally:
        lines.close()
    return bytes(buffer)


@contextmanager
def portal_with_its_store_behind_a_proxy(
    proxy_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimulatedPortal]:
    """The API is reached straight, under the address; the store under a name, through the proxy."""
    with SimulatedPortal() as portal:
        sign_url = portal.sign_url
        monkeypatch.setattr(portal, "sign_url", lambda name: sign_url(name).replace("127.0.0.1", "localhost"))
        monkeypatch.setenv("http_proxy", proxy_url)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield portal


def test_a_whole_download_goes_through_the_proxy_in_absolute_form(
    proxy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with portal_with_its_store_behind_a_proxy(proxy.url, monkeypatch) as portal:
        recipient = Recipient(portal, tmp_path)
        recipient.download()
        recipient.assert_complete()
        begins = portal.url.replace("127.0.0.1", "localhost") + "/delivery/"
    assert [path.startswith(begins) for _, path, _ in proxy.seen] == [True] * portal.release.parts


def test_https_goes_through_a_tunnel_and_the_store_sees_no_proxy_password(
    proxy: Any, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    assert fetch(store.url) == BODY[100:200_000]
    assert proxy.seen == [("CONNECT", urlsplit(store.url).netloc, ALLOWED)]
    assert [headers["Host"] for headers in store.seen] == [urlsplit(store.url).netloc]
    assert not any("Proxy-Authorization" in headers for headers in store.seen)


def test_https_without_a_proxy_trusts_the_same_certificates(store: Any) -> None:
    assert fetch(store.url) == BODY[100:200_000]


def test_a_certificate_that_is_not_trusted_is_refused(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    connection._tls.cache_clear()
    with pytest.raises(LineTrouble, match="certificate was not accepted"):
        fetch(store.url)


def test_no_proxy_goes_straight(proxy: Any, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    assert fetch(store.url) == BODY[100:200_000]
    assert proxy.seen == []


@pytest.mark.parametrize("status", [403, 407])
def test_a_tunnel_that_is_refused_names_the_proxy_and_no_secret(
    proxy: Any, store: Any, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    proxy.answers = status
    with pytest.raises(ProxyRefused) as caught:
        fetch(store.url)
    assert str(caught.value) == f"the proxy {proxy.address} answered {status}"


def test_a_proxy_in_trouble_is_tried_again(proxy: Any, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    proxy.answers = 503
    with pytest.raises(LineTrouble, match=f"the proxy {proxy.address} answered 503"):
        fetch(store.url)


def test_a_proxy_that_is_not_there_is_named(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://u:{PASSWORD}@127.0.0.1:{port}")
        with pytest.raises(LineTrouble) as caught:
            fetch(store.url)
    assert f"the proxy 127.0.0.1:{port}" in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_download_that_the_proxy_refuses_ends_as_a_matter_of_the_network(
    proxy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = f"http://u:wrong-secret@{proxy.address}"
    with (
        portal_with_its_store_behind_a_proxy(wrong, monkeypatch) as portal,
        pytest.raises(Unreachable) as caught,
    ):
        Recipient(portal, tmp_path).download()
    assert caught.value.reference == "proxy-refused"
    assert caught.value.why == f"The proxy {proxy.address} answered 407."
    assert "wrong-secret" not in caught.value.what + caught.value.why + caught.value.next_step
