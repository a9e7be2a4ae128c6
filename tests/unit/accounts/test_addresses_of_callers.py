"""Whose word counts about who calls, by what, and at which host: that of our own proxies, and no further."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import DisallowedHost
from django.test import RequestFactory

from portal.accounts.addresses import caller_address
from portal.accounts.brakes import network_of

CHAIN = "192.0.2.66, 198.51.100.7, 203.0.113.5"
ECHO = """
def application(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    said = [str(environ.get(f"HTTP_X_FORWARDED_{name}")) for name in ("FOR", "PROTO")]
    return [" ".join(said).encode()]
"""


def request(**headers: str) -> Any:
    return RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", **headers)


@pytest.mark.parametrize(
    ("proxies", "address"), [(0, "10.0.0.1"), (1, "203.0.113.5"), (2, "198.51.100.7"), (3, "192.0.2.66")]
)
def test_as_many_proxies_are_believed_as_there_are(settings: Any, proxies: int, address: str) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    assert caller_address(request(HTTP_X_FORWARDED_FOR=CHAIN)) == address


def test_a_chain_shorter_than_the_proxies_names_nobody(settings: Any) -> None:
    """Whoever gets past a proxy counts with all the others without an address, not as whom they like."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 4
    assert caller_address(request(HTTP_X_FORWARDED_FOR=CHAIN)) == ""


@pytest.mark.parametrize("word", ["unknown", "", "<script>", "999.1.1.1"])
def test_a_word_that_is_no_address_is_none(settings: Any, word: str) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert caller_address(request(HTTP_X_FORWARDED_FOR=f"192.0.2.66, {word}")) == ""


@pytest.mark.parametrize(
    "name", ["HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_CLIENT_IP", "HTTP_CF_CONNECTING_IP"]
)
@pytest.mark.parametrize("proxies", [0, 1])
def test_other_headers_say_nothing(settings: Any, name: str, proxies: int) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    forwarded = {"HTTP_X_FORWARDED_FOR": "203.0.113.5"} if proxies else {}
    found = caller_address(request(**{name: "192.0.2.66"}, **forwarded))
    assert found == ("203.0.113.5" if proxies else "10.0.0.1")


def test_a_customer_of_ipv6_is_one_network(settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    seen = {network_of(request(HTTP_X_FORWARDED_FOR=f"2001:db8::{number}:1")) for number in range(5)}
    assert seen == {"2001:db8::"}


def test_a_forwarded_host_is_never_believed(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["weights.example.org"]
    asked = request(HTTP_HOST="weights.example.org", HTTP_X_FORWARDED_HOST="evil.example")
    assert asked.get_host() == "weights.example.org"
    with pytest.raises(DisallowedHost):
        request(HTTP_HOST="evil.example").get_host()


@pytest.mark.parametrize(("trusted", "secure"), [(False, False), (True, True)])
def test_a_forwarded_scheme_is_believed_behind_a_proxy_alone(
    settings: Any, trusted: bool, secure: bool
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if trusted else None
    assert request(HTTP_X_FORWARDED_PROTO="https").is_secure() is secure


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[int]:
    """A real one, as run-a-portal.md starts it, that answers with what it understood; its port."""
    (tmp_path / "echo.py").write_text(ECHO)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "echo:application",
        "--bind",
        f"127.0.0.1:{port}",
        "--threads",
        "2",
    ]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def ask(port: int, head: str) -> str:
    """Send these very bytes as a request; the answer. Waits for the server to listen."""
    deadline = time.monotonic() + 20
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), 5)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "gunicorn does not listen"
    with connection:
        connection.sendall(
            f"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n\r\n".encode()
        )
        return b"".join(iter(lambda: connection.recv(4096), b"")).decode()


@pytest.mark.slow
def test_a_header_with_underscores_does_not_pose_as_the_proxys(gunicorn: int) -> None:
    """Both spellings are one name to WSGI: the wrong one is dropped before the portal sees it."""
    spoofed = "X-Forwarded-For: 203.0.113.5\r\nX_Forwarded_For: 192.0.2.66\r\nX_Forwarded_Proto: https"
    assert ask(gunicorn, spoofed).split()[-3:-1] == ["203.0.113.5", "None"]
