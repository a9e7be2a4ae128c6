"""Loopback ports that are held from the moment they are known, so that nobody else on the machine takes them.

A port that is only known to be free can be somebody else's by the time a server wants it, and a test then
talks to that server. A door is listening already; the server inherits it.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.servers.ports import HOST

WAITING = 128  # connections that wait until the server is up


@contextmanager
def doors(count: int) -> Iterator[list[socket.socket]]:
    """So many listening sockets; whoever gave one to a server has closed it before."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
            each.listen(WAITING)
        yield sockets


def port_of(door: socket.socket) -> int:
    return int(door.getsockname()[1])
