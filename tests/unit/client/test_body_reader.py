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
    theirs, ours = socket.socketpair()
    ours.settimeout(5.0)
    with closing(theirs), closing(ours):
        yield theirs, ours


def reader(ours: socket.socket) -> Read:
    response = http.client.HTTPResponse(ours)
    response.begin()
    return reader_of(response, ours)


def test_what_came_with_the_headers_comes_first(store: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = store
    theirs.sendall(HEAD + b"abc")
    read, view = reader(ours), memoryview(bytearray(4))
    theirs.sendall(b"defg")
    assert (read(view[:2]), bytes(view[:2])) == (2, b"ab")
    assert (read(view), bytes(view[:1])) == (1, b"c")
    assert (read(view), bytes(view)) == (4, b"defg")


def test_a_read_that_does_not_fill_gives_what_came_in_time(
    store: tuple[socket.socket, socket.socket],
) -> None:
    theirs, ours = store
    theirs.sendall(HEAD + b"a")
    read, view = reader(ours), memoryview(bytearray(4))
    read(view)
    theirs.sendall(b"bc")
    assert (read(view), bytes(view[:2])) == (2, b"bc")


def test_a_silent_line_gives_none_and_a_closed_one_zero(store: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = store
    theirs.sendall(HEAD + b"a")
    read, view = reader(ours), memoryview(bytearray(4))
    read(view)
    assert read(view) is None
    theirs.close()
    assert read(view) == 0
