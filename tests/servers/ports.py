"""Loopback ports: where nobody listens, and where a server of ours will and nobody else can.

A port that is only known to be free can be somebody else's by the time a server wants it: the system gives
it to whoever asks next for any, also as the near end of a connection. Where a server can inherit its socket,
`doors` is better still.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

HOST = "127.0.0.1"
# "discard", which nobody serves; far below the ports that the system gives.
CLOSED = 9
POLL_S = 0.02


@contextmanager
def kept_ports(count: int) -> Iterator[list[int]]:
    """So many different ports that nobody is given while this lasts.

    A server that names one can listen there as often as it likes: on Linux a bound port can be bound again if
    nobody listens there yet and both want SO_REUSEADDR, as servers do.
    """
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield [each.getsockname()[1] for each in sockets]


def free_ports(count: int) -> list[int]:
    """Return so many, all free a moment ago: enough where nothing else runs beside."""
    with kept_ports(count) as ports:
        return ports


def wait_for(port: int, *, timeout_s: float) -> None:
    """Return once something listens on `port`. Raises: TimeoutError."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(POLL_S)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port} after {timeout_s} s")
