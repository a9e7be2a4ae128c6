"""Two web processes over the database that the test itself has open: what one does, the other must know."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings
from django.db import connection

from tests.servers.ports import kept_ports

ROOT = Path(__file__).resolve().parents[2]
START_WAIT_S = 60.0


def database_url() -> str:
    """The test's own database, as the setting DATABASE_URL names it."""
    at: dict[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{at['NAME']}"
    who = f"{quote(at['USER'])}:{quote(at['PASSWORD'])}@" if at["USER"] else ""
    host = f"{quote(at['HOST'], safe='')}:{at['PORT']}" if at["PORT"] else quote(at["HOST"], safe="")
    return f"postgres://{who}{host}/{at['NAME']}"


@contextmanager
def two_processes(log: Path) -> Iterator[list[str]]:
    """Yield the addresses of two web processes. log: a folder for what they say."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.servers.beside_settings",
        "BESIDE_VAR_DIR": str(settings.VAR_DIR),
        "DATABASE_URL": database_url(),
    }
    with ExitStack() as opened:
        ports = opened.enter_context(kept_ports(2))
        for port in ports:
            opened.enter_context(_served(port, environment, log / f"{port}.log"))
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        for url in urls:
            _wait(url)
        yield urls


@contextmanager
def _served(port: int, environment: dict[str, str], log: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "gunicorn", "portal.wsgi:application"]
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}", "--threads", "2"],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(url: str) -> None:
    with httpx.Client(transport=httpx.HTTPTransport(retries=12), trust_env=False) as client:
        client.get(f"{url}/about/", headers={"Host": "localhost"}, timeout=START_WAIT_S)
