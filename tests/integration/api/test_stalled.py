"""Readers who open bodies and take nothing, against the server that production runs."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.utils import timezone

from tests.servers.ports import kept_ports
from tests.stored import store_object
from weights_vault.storage import storage
from weights_vault.storage.port import random_name

MOST = 2
THREADS = 4
BODY_SIZE = 40_000_000  # more than any socket buffers
START_WAIT_S = 40.0


@pytest.fixture
def port() -> Iterator[int]:
    with kept_ports(1) as [port]:
        yield port


@pytest.fixture
def server(port: int, tmp_path: Path, settings: Any) -> Iterator[str]:
    """The address of a portal whose store and keys this process shares."""
    address = f"http://127.0.0.1:{port}"
    settings.PORTAL_URL = address
    settings.STORAGE_URL = f"file://{tmp_path}/store"
    settings.DELIVERY_KEYS = f"file:{tmp_path}/keys/delivery.keys"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings.embedded",
        "VAR_DIR": str(tmp_path),
        "PORTAL_URL": address,
        "DELIVERY_MOST_AT_ONCE": str(MOST),
    }
    options = ["--bind", f"127.0.0.1:{port}", "--threads", str(THREADS)]
    command = [sys.executable, "-m", "gunicorn", "tests.integration.api.stalled_wsgi:application", *options]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_until_ready(address, process)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_ready(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_WAIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{address}/delivery/none", timeout=5)
        except httpx.TransportError:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        else:
            return
    raise RuntimeError("gunicorn did not start")


@pytest.fixture
def url(server: str) -> str:
    name = random_name()
    store_object(name, bytes(BODY_SIZE))
    return storage().url(name, lifetime_s=600, now=timezone.now())


def stall(url: str) -> socket.socket:
    """Ask for the whole body, read the answer's first line, and then nothing."""
    parts = urlsplit(url)
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.settimeout(20)
    reader.connect((parts.hostname, parts.port))
    target = f"{parts.path}?{parts.query}"
    reader.sendall(f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return reader


def status(reader: socket.socket) -> int:
    return int(reader.recv(12).split()[1])


def test_readers_who_take_nothing_hold_up_downloads_alone_and_not_for_long(server: str, url: str) -> None:
    with ExitStack() as readers:
        stalled = [readers.enter_context(stall(url)) for _ in range(2 * THREADS + 1)]
        answers = [status(reader) for reader in stalled]
        assert sorted(answers) == [200] * MOST + [503] * (len(stalled) - MOST)
        assert httpx.get(f"{server}/theme/", timeout=10).status_code == 405

        busy = httpx.get(url, timeout=10)
        assert (busy.status_code, busy.json()["code"]) == (503, "deliveries_busy")
        assert busy.headers["Retry-After"] == "10"

        deadline = time.monotonic() + 30
        first = {"Range": "bytes=0-9"}
        while (answer := httpx.get(url, headers=first, timeout=20)).status_code == 503:
            assert time.monotonic() < deadline, "the stalled readers keep their slots"
        assert (answer.status_code, answer.content) == (206, bytes(10))


def test_readers_who_leave_make_room_at_once(server: str, url: str) -> None:
    with ExitStack() as readers:
        for _ in range(MOST):
            assert status(readers.enter_context(stall(url))) == 200
        assert httpx.get(url, timeout=10).status_code == 503
    deadline = time.monotonic() + 2.5
    while httpx.get(url, headers={"Range": "bytes=0-9"}, timeout=20).status_code == 503:
        assert time.monotonic() < deadline, "readers who left keep their slots"
