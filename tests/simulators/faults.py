"""What a misbehaving store does to one request for a range. Each fault writes its whole answer itself."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import TypeAlias

PIECE = 64 << 10


@dataclass
class Delivery:
    """One request for a range. body: the stored object; start, end: the range asked for, half-open.

    closing: set when the simulator stops, so that nothing waits longer than it. on_sent: counts what was
    sent.
    """

    handler: BaseHTTPRequestHandler
    body: bytes
    start: int
    end: int
    tag: str
    closing: Event
    bytes_per_s: float
    on_sent: Callable[[int], None]

    def head(self, status: int = 206, **headers: str) -> None:
        """Send status and headers; `content_length="5"` sets one, and an empty value leaves one out."""
        default = {
            "Content-Length": str(self.end - self.start),
            "Content-Range": f"bytes {self.start}-{self.end - 1}/{len(self.body)}",
            "ETag": self.tag,
            "Accept-Ranges": "bytes",
        }
        changed = {name.replace("_", "-").title(): value for name, value in headers.items()}
        self.handler.send_response(status)
        for name, value in ({name.title(): value for name, value in default.items()} | changed).items():
            if value:
                self.handler.send_header(name, value)
        self.handler.end_headers()

    def send(self, data: bytes | memoryview) -> None:
        """Send bytes, no faster than bytes_per_s."""
        view = memoryview(data)
        for offset in range(0, len(view), PIECE):
            piece = view[offset : offset + PIECE]
            self.handler.wfile.write(piece)
            self.on_sent(len(piece))
            if self.bytes_per_s:
                self.closing.wait(len(piece) / self.bytes_per_s)

    def slice(self) -> memoryview:
        """The bytes that were asked for."""
        return memoryview(self.body)[self.start : self.end]

    def drop(self) -> None:
        """Close the connection after this answer."""
        self.handler.close_connection = True


Fault: TypeAlias = Callable[[Delivery], None]


def served(delivery: Delivery) -> None:
    """No fault: the range, as asked."""
    delivery.head()
    delivery.send(delivery.slice())


def served_and_hung_up(delivery: Delivery) -> None:
    """The range, as asked; then the connection is closed without a word, as idle ones are."""
    served(delivery)
    delivery.drop()


def cut_short(kept: int) -> Fault:
    """The declared length, but only the first bytes of it, then a clean close."""

    def fault(delivery: Delivery) -> None:
        delivery.head()
        delivery.send(delivery.slice()[:kept])
        delivery.drop()

    return fault


def declared(difference: int) -> Fault:
    """A Content-Length that differs from the range."""

    def fault(delivery: Delivery) -> None:
        delivery.head(content_length=str(delivery.end - delivery.start + difference))
        delivery.send(delivery.slice())
        delivery.drop()

    return fault


def endless(delivery: Delivery) -> None:
    """No length, and a body that goes on after the range until the client hangs up."""
    delivery.head(content_length="", connection="close")
    delivery.send(delivery.slice())
    while not delivery.closing.is_set():
        delivery.send(bytes(PIECE))


def other_range(delivery: Delivery) -> None:
    """A 206 for the range 16 bytes further on."""
    shifted = delivery.body[delivery.start + 16 : delivery.end] + bytes(16)
    delivery.head(content_range=f"bytes {delivery.start + 16}-{delivery.end + 15}/{len(delivery.body)}")
    delivery.send(shifted)


def lying_range(delivery: Delivery) -> None:
    """The right Content-Range over bytes of another place."""
    delivery.head()
    delivery.send(bytes(reversed(bytes(delivery.slice()))))


def other_size(delivery: Delivery) -> None:
    """A Content-Range that tells of a larger object."""
    delivery.head(content_range=f"bytes {delivery.start}-{delivery.end - 1}/{len(delivery.body) + 1}")
    delivery.send(delivery.slice())


def whole(delivery: Delivery) -> None:
    """A 200 with the whole object, as servers without ranges do."""
    delivery.head(200, content_length=str(len(delivery.body)), content_range="")
    delivery.send(delivery.body)


def zipped(delivery: Delivery) -> None:
    """gzip where none was asked for."""
    delivery.head(content_encoding="gzip")
    delivery.send(delivery.slice())


def refused(status: int, **headers: str) -> Fault:
    """A status without the object."""

    def fault(delivery: Delivery) -> None:
        delivery.head(status, content_length="0", content_range="", **headers)

    return fault


def reset_after(kept: int) -> Fault:
    """Some bytes, then a TCP reset."""

    def fault(delivery: Delivery) -> None:
        delivery.head()
        delivery.send(delivery.slice()[:kept])
        while _unsent(delivery.handler.connection) and not delivery.closing.wait(0.001):
            pass  # a reset throws away what the kernel has not sent yet; this one comes after it
        linger = struct.pack("ii", 1, 0)
        delivery.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        delivery.drop()

    return fault


def _unsent(connection: socket.socket) -> int:
    return int(struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0])


def stalled_after(kept: int) -> Fault:
    """Some bytes, then silence on an open connection."""

    def fault(delivery: Delivery) -> None:
        delivery.head()
        delivery.send(delivery.slice()[:kept])
        delivery.closing.wait(30)
        delivery.drop()

    return fault


def dripping(delivery: Delivery) -> None:
    """A byte now and then, for ever: never silent long enough for a socket's timeout."""
    delivery.head()
    for index in range(delivery.end - delivery.start):
        if delivery.closing.wait(0.05):
            break
        delivery.send(delivery.slice()[index : index + 1])
    delivery.drop()


def flipped(delivery: Delivery) -> None:
    """One bit of the range is another."""
    damaged = bytearray(delivery.slice())
    damaged[len(damaged) // 2] ^= 1
    delivery.head()
    delivery.send(damaged)


def replaced(delivery: Delivery) -> None:
    """Another object under the same name: other bytes, another ETag."""
    delivery.head(etag='"another"')
    delivery.send(bytes(delivery.end - delivery.start))
