"""Loopback ports that nobody listens on."""

import socket
import time
from contextlib import ExitStack

HOST = "127.0.0.1"
POLL_S = 0.02


def free_ports(count: int) -> list[int]:
    """Return `count` different ports, all free a moment ago."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


def free_port() -> int:
    """Return one."""
    return free_ports(1)[0]


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
