"""A line between a client and a server that breaks: every so many bytes, with a reset.

It carries TLS like anything else, because it looks at nothing. There is a thread a connection.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

PIECE = 64 << 10
POLL_S = 0.05
_RESET = struct.pack("ii", 1, 0)


class Line:
    """From a door to a port of this machine, while its context lasts.

    breaks_after: bytes from the server after which a connection is reset, 0 for never. breaks: how often that
    was. bytes_per_s: of each connection, 0 for as many as come; with slow_once only until the first break.
    """

    def __init__(self, door: socket.socket, port: int) -> None:
        self.mend()
        self._door = door
        self._port = port
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._door.close()

    def mend(self) -> None:
        """Break no more, and forget."""
        self.breaks_after = 0
        self.breaks = 0
        self.bytes_per_s = 0
        self.slow_once = False

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            if select.select([self._door], [], [], POLL_S)[0]:
                self._start(self._carry, self._door.accept()[0])

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as server, suppress(OSError):
            carried, other = 0, {client: server, server: client}
            while not self._closing.is_set():
                for source in select.select([client, server], [], [], POLL_S)[0]:
                    data = source.recv(PIECE)
                    if not data:
                        return
                    other[source].sendall(data)
                    carried += len(data) if source is server else 0
                    if self.bytes_per_s and not (self.slow_once and self.breaks):
                        self._closing.wait(len(data) / self.bytes_per_s)
                if self.breaks_after and carried >= self.breaks_after:
                    self.breaks += 1
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    return
