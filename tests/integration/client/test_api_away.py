"""A portal, or what stands before it, that is away for a moment: what may be asked again is."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import parse_headers
from pathlib import Path

import pytest

from tests.servers.certificate import write_certificate
from tests.servers.doors import doors, port_of
from weights_vault.client.answers import Json
from weights_vault.client.api import ISSUE_TRIES, MAX_TRIES, Api
from weights_vault.client.errors import Unreachable

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{"id": "me"}'
Ask = Callable[[Api], Json]


def get(api: Api) -> Json:
    return api.get("/me")


def post(api: Api) -> Json:
    return api.post("/keys", {})


def issue(api: Api) -> Json:
    return api.issue("/grants/grt_1/urls", {})


class Proxy:
    """What ends TLS before a portal. A connection with a number in `breaks` ends as the number's value says.

    connections: how many there were, their numbers from 1.
    """

    def __init__(self, door: socket.socket, context: ssl.SSLContext) -> None:
        self.url = f"https://127.0.0.1:{port_of(door)}"
        self.breaks: dict[int, str] = {}
        self.connections = 0
        self._door = door
        self._context = context

    def serve(self) -> None:
        """Until the door is shut."""
        with suppress(OSError):
            while True:
                client = self._door.accept()[0]
                self.connections += 1
                with suppress(OSError), client:
                    self._answer(client, self.breaks.get(self.connections))

    def _answer(self, client: socket.socket, ends: str | None) -> None:
        if ends == "in the handshake":
            client.recv(1 << 14)
            return
        with self._context.wrap_socket(client, server_side=True) as speaking:
            # All of it: what is unread when a socket is closed resets the connection, and the answer is lost.
            with speaking.makefile("rb") as asked:
                asked.readline()
                asked.read(int(parse_headers(asked).get("Content-Length", 0)))
            if ends is None:
                speaking.sendall(ANSWER)


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    authorities, key = write_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authorities, key)
    with doors(1) as [door]:
        proxy = Proxy(door, context)
        serving = threading.Thread(target=proxy.serve, daemon=True)
        serving.start()
        try:
            yield proxy
        finally:
            door.shutdown(socket.SHUT_RDWR)
            serving.join()


@pytest.fixture
def api(proxy: Proxy) -> Iterator[Api]:
    with Api(proxy.url, None, pause=lambda seconds: None) as made:
        yield made


@pytest.mark.parametrize("ask", [get, post, issue])
def test_a_handshake_that_ends_is_begun_again(api: Api, proxy: Proxy, ask: Ask) -> None:
    """As a proxy that restarts ends it. The request never left."""
    proxy.breaks = {1: "in the handshake", 2: "in the handshake"}
    assert ask(api) == {"id": "me"}
    assert proxy.connections == 3


@pytest.mark.parametrize("ask", [get, issue])
def test_what_changes_nothing_is_asked_again_when_no_answer_came(api: Api, proxy: Proxy, ask: Ask) -> None:
    proxy.breaks = {1: "without an answer", 2: "without an answer"}
    assert ask(api) == {"id": "me"}
    assert proxy.connections == 3


def test_what_may_have_been_done_is_not_asked_again(api: Api, proxy: Proxy) -> None:
    proxy.breaks = {1: "without an answer"}
    with pytest.raises(Unreachable):
        post(api)
    assert proxy.connections == 1


@pytest.mark.parametrize(("ask", "tries"), [(get, MAX_TRIES), (issue, ISSUE_TRIES)])
def test_patience_has_an_end(api: Api, proxy: Proxy, ask: Ask, tries: int) -> None:
    proxy.breaks = dict.fromkeys(range(1, 20), "in the handshake")
    with pytest.raises(Unreachable, match="could not be reached"):
        ask(api)
    assert proxy.connections == tries


def test_a_certificate_that_is_refused_is_not_asked_for_again(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with Api(proxy.url, None, pause=lambda seconds: None) as api, pytest.raises(Unreachable) as caught:
        get(api)
    assert caught.value.reference == "certificate-refused"
    assert proxy.connections == 1
