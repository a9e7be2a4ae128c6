"""Reading an answer's body over a plain connection: full reads, and word in time where they do not fill."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from weights_vault.client.transfer.body_reader import Read, reader_of

HEAD = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1000\r\n\r\n"


@pytest.fixture
def store() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The store's end of a connection, and ours."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ours = socket.create_connection(listening.getsockname(), timeout=5.0)
        theirs, _ = listening.accept()
    with closing(theirs), closing(ours):
        yield theirs, ours


@pytest.fixture
def read(store: tuple[socket.socket, socket.socket]) -> Iterator[Read]:
    """Reads a body of which `ab` came with the headers."""
    theirs, ours = store
    theirs.sendall(HEAD + b"ab")
    with closing(http.client.HTTPResponse(ours)) as response:
        response.begin()
        yield reader_of(response, ours)


def test_what_came_with_the_headers_comes_first(
    store: tuple[socket.socket, socket.socket], read: Read
) -> None:
    view = memoryview(bytearray(4))
    assert (read(view[:1]), bytes(view[:1])) == (1, b"a")
    store[0].sendall(b"cdef")
    assert (read(view), bytes(view[:1])) == (1, b"b")
    assert (read(view), bytes(view)) == (4, b"cdef")


def test_a_read_that_does_not_fill_gives_what_came_in_time(
    store: tuple[socket.socket, socket.socket], read: Read
) -> None:
    view = memoryview(bytearray(4))
    read(view)
    store[0].sendall(b"cd")
    assert (read(view), bytes(view[:2])) == (2, b"cd")


def test_a_silent_line_gives_none_and_a_closed_one_zero(
    store: tuple[socket.socket, socket.socket], read: Read
) -> None:
    view = memoryview(bytearray(4))
    read(view)
    assert read(view) is None
    store[0].close()
    assert read(view) == 0
