"""One keep-alive connection to the store that fetches ranges into a buffer and believes nothing.

    TransferTrouble
    ├── LineTrouble      the network, or a server that asks for patience: wait and go on where it stopped
    ├── UrlRefused       401, 403, 404, 410: the URL ended or the object is gone: ask for another URL
    ├── OddAnswer        an answer that breaks the protocol: nothing of it is kept
    └── ProxyRefused     the proxy that the environment names does not let us through

No redirect is followed, no encoding accepted, and never more read than the range is long.
Source: RFC 9110, sections 9.3.6, 14 and 15.3.7; RFC 9112, section 3.2.2.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from urllib.parse import SplitResult, urlsplit

from weights_vault.client.clock import now
from weights_vault.client.http_client import USER_AGENT, tls
from weights_vault.client.retry import retry_after_s
from weights_vault.client.transfer.body_reader import REPORT_S, Read, reader_of
from weights_vault.client.transfer.limits import STALL_BYTES
from weights_vault.client.transfer.proxies import Proxy, ProxyUnusable, proxy_for

# The most that one read asks for; it returns what is there. On a fast line 4 MiB take a twentieth less of the
# processor than 1 MiB.
SLICE_BYTES = 4 << 20

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")


class TransferTrouble(Exception):
    """A range did not arrive whole. Messages hold no URL: its query is a secret."""


class LineTrouble(TransferTrouble):
    """The connection broke or stalled, or the server asks to wait.

    wait_s: what it asked for, if anything. crowded: fewer connections might help.
    """

    def __init__(self, reason: str, wait_s: float | None = None, *, crowded: bool = False) -> None:
        super().__init__(reason)
        self.wait_s = wait_s
        self.crowded = crowded


class UrlRefused(TransferTrouble):
    """The store does not take this URL (any more). status: its answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the store answered {status}")
        self.status = status


class OddAnswer(TransferTrouble):
    """The answer is not the range that was asked for."""


class ProxyRefused(TransferTrouble):
    """The proxy does not let us through, or is none that we can speak to."""


@dataclass
class Fill:
    """A buffer being filled.

    view: exactly as long as what is wanted. on_bytes: told of bytes that came, and may wait. filled: bytes in
    so far, from the start. piece: how many to ask for at once.
    """

    view: memoryview
    on_bytes: Callable[[int], None]
    filled: int = 0
    piece: int = SLICE_BYTES

    def take(self, count: int) -> None:
        """So many more bytes stand in the buffer."""
        self.filled += count
        self.on_bytes(count)


class RangeConnection:
    """Fetches ranges, one at a time, over a connection that is kept while URLs stay on one host.

    connect_s: for a connection to be made. stall_s: for an answer's headers, and then for each STALL_BYTES,
    to arrive.
    """

    def __init__(self, *, connect_s: float, stall_s: float) -> None:
        self._connect_s = connect_s
        self._stall_s = stall_s
        self._http: http.client.HTTPConnection | None = None
        self._response: http.client.HTTPResponse | None = None
        self._sock: socket.socket | None = None
        self._place: tuple[str, str] | None = None
        self._proxy: Proxy | None = None
        self._waiting_since: float | None = None
        self._stalled = False

    def read_range(self, url: str, start: int, end: int, total: int, fill: Fill) -> str | None:
        """Fetch body bytes [start, end) of an object of `total` bytes into fill, from fill.filled on.

        start: offset of the first byte that is still missing. end: excluded.
        Returns: the object's strong ETag, if the store gives one.
        Raises: TransferTrouble; what arrived before a LineTrouble stays in fill.
        """
        parts = urlsplit(url)
        self._stalled = False
        try:
            self._waiting_since = time.monotonic()
            response = self._ask(parts, start, end)
            tag = _check(response, start, end, total)
            self._read(response, fill)
            return tag
        except TransferTrouble:
            self.close()
            raise
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._trouble(error) from None
        finally:
            self._waiting_since = None

    def abort_if_stalled(self) -> None:
        """Break off a read that waits too long; called from another thread."""
        since = self._waiting_since
        if since is not None and time.monotonic() - since > self._stall_s:
            self._stalled = True
            self.abort()

    def abort(self) -> None:
        """Break off whatever is being read, from another thread: the reader gets a LineTrouble."""
        sock = self._sock or (self._http.sock if self._http is not None else None)
        if sock is not None:
            try:
                # Past SSLSocket.shutdown, which takes the decryption away under a reader's feet.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                return  # already closed

    def close(self) -> None:
        """Drop the connection; the next range makes another."""
        if self._response is not None:
            self._response.close()
        self._response = self._sock = None
        if self._http is not None:
            self._http.close()
            self._http = None

    def _ask(self, parts: SplitResult, start: int, end: int) -> http.client.HTTPResponse:
        kept = self._http is not None and self._place == (parts.scheme, parts.netloc)
        try:
            return self._request(parts, start, end)
        except (ConnectionError, http.client.BadStatusLine):
            if not kept:
                raise
            # A server may drop an idle connection at any time: that is no failure of the line.
            self.close()
            return self._request(parts, start, end)

    def _request(self, parts: SplitResult, start: int, end: int) -> http.client.HTTPResponse:
        connection = self._connected(parts)
        headers = {
            "Range": f"bytes={start}-{end - 1}",
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
        }
        # Put together by hand, letter by letter what was signed: urlunsplit mends what it finds odd.
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if self._proxy is not None and parts.scheme == "http":
            target = f"http://{parts.netloc}{target}"
            headers |= self._proxy.headers
        connection.request("GET", target, headers=headers)
        # http.client lets go of it where the answer says `Connection: close`; we still break it off.
        self._sock = connection.sock
        self._response = response = connection.getresponse()
        if response.status == 407:
            raise ProxyRefused(f"the proxy {self._proxy} answered 407")
        return response

    def _connected(self, parts: SplitResult) -> http.client.HTTPConnection:
        place = (parts.scheme, parts.netloc)
        if self._http is not None and self._place == place:
            return self._http
        self.close()
        try:
            self._proxy = proxy_for(parts)
        except ProxyUnusable as error:
            raise ProxyRefused(str(error)) from None
        # Kept before it is made, so that a handshake that never ends can be broken off.
        self._http, self._place = _connection(parts, self._proxy, self._connect_s), place
        self._http.connect()
        self._http.sock.settimeout(self._stall_s)
        return self._http

    def _read(self, response: http.client.HTTPResponse, fill: Fill) -> None:
        sock = self._http.sock if self._http is not None else None
        read = reader_of(response, sock)
        mark, waited_s = fill.filled, 0.0
        while fill.filled < len(fill.view):
            waited_s += self._read_some(read, fill, waited_s)
            if fill.filled - mark >= STALL_BYTES:
                mark, waited_s = fill.filled, 0.0
        self._waiting_since = time.monotonic()
        if response.length is None and response.read(1):
            raise OddAnswer("the store sent more than was asked for")
        response.close()
        if response.will_close:
            self.close()
        elif sock is not None:
            sock.settimeout(self._stall_s)

    def _read_some(self, read: Read, fill: Fill, waited_s: float) -> float:
        """Read a piece, or what comes in REPORT_S; TLS brings 16 KiB a read, too little to tell of each.

        waited_s: how long was waited since STALL_BYTES came. Returns: how long this took.
        """
        began = time.monotonic()
        self._waiting_since = began - waited_s
        at, end = fill.filled, min(fill.filled + fill.piece, len(fill.view))
        try:
            while at < end and time.monotonic() - began < REPORT_S:
                count = read(fill.view[at:end])
                if count == 0:
                    raise LineTrouble("the connection ended early")
                at += count or 0
        finally:
            took_s = time.monotonic() - began
            self._waiting_since = None  # what follows may wait, and that is no stall
            if at > fill.filled:
                fill.take(at - fill.filled)
        return took_s

    def _trouble(self, error: OSError | http.client.HTTPException) -> TransferTrouble:
        if self._stalled:
            return LineTrouble("the connection stalled", crowded=True)
        if self._proxy is not None and (status := _tunnel_status(error)):
            reason = f"the proxy {self._proxy} answered {status}"
            return LineTrouble(reason) if status.startswith("5") else ProxyRefused(reason)
        through = f" (through the proxy {self._proxy})" if self._proxy is not None else ""
        return LineTrouble(_reason(error) + through, crowded=isinstance(error, TimeoutError))


def _connection(parts: SplitResult, proxy: Proxy | None, connect_s: float) -> http.client.HTTPConnection:
    if parts.hostname is None:
        raise OddAnswer("the portal gave a URL without a host")
    host, port = (proxy.host, proxy.port) if proxy is not None else (parts.hostname, parts.port)
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=connect_s)
    connection = http.client.HTTPSConnection(host, port, timeout=connect_s, context=_tls())
    if proxy is not None:
        connection.set_tunnel(parts.hostname, parts.port or 443, headers=proxy.headers)
    return connection


@cache
def _tls() -> ssl.SSLContext:
    """One for all connections: the one that the portal's API is trusted by."""
    return tls()


def _tunnel_status(error: Exception) -> str | None:
    """The proxy's status where it refused a tunnel; http.client gives it in words alone."""
    found = re.match(r"Tunnel connection failed: (\d{3})", str(error))
    return found[1] if found else None


def _check(response: http.client.HTTPResponse, start: int, end: int, total: int) -> str | None:
    """Whether the answer is exactly the range. Returns: its strong ETag."""
    if response.status in (401, 403, 404, 410):
        raise UrlRefused(response.status)
    if response.status == 429 or response.status >= 500:
        wait_s = retry_after_s(response.getheader("Retry-After"), now())
        crowded = response.status in (429, 503)
        raise LineTrouble(f"the store answered {response.status}", wait_s, crowded=crowded)
    if response.status != 206:
        raise OddAnswer(
            _ODD_STATUS.get(response.status, f"the store answered {response.status} to a Range request")
        )
    if response.getheader("Content-Encoding", "identity").strip().lower() != "identity":
        raise OddAnswer("the store compressed what must come as it is")
    found = _CONTENT_RANGE.fullmatch(response.getheader("Content-Range", "").strip())
    if found is None or (int(found[1]), int(found[2])) != (start, end - 1):
        raise OddAnswer("the store sent another range than was asked for")
    if found[3] != "*" and int(found[3]) != total:
        raise OddAnswer("the stored object has another size than the publisher signed")
    if response.length is not None and response.length != end - start:
        raise OddAnswer("the store declares another length than was asked for")
    tag = response.getheader("ETag")
    return tag if tag and not tag.startswith("W/") else None


_ODD_STATUS = {
    200: "the store ignores Range requests",
    416: "the stored object is shorter than the publisher signed",
    301: "the store redirects, which is not followed",
    302: "the store redirects, which is not followed",
    307: "the store redirects, which is not followed",
    308: "the store redirects, which is not followed",
}


def _reason(error: OSError | http.client.HTTPException) -> str:
    if isinstance(error, TimeoutError):
        return "the connection stalled"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the store's certificate was not accepted"
    if isinstance(error, ConnectionError):
        return "the connection was refused or broken off"
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    return "the store's answer is not HTTP"
