"""The portal's processes, started and stopped as an operator would: keeper, log signer, web, worker."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import httpx

from portal.demo.errors import DemoError

START_WAIT_S = 40.0
KEEPER_READY = "The keeper listens at"


def free_port(preferred: int) -> int:
    """`preferred` if nobody listens there, else a port the system gives. 0: none is preferred."""
    if preferred and is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether nobody listens on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Portal:
    """A running portal: `with Portal(...)` starts it and ends its processes, whatever happens.

    Each is told what it is (PROCESS): the embedded settings give keys to the keeper alone.
    """

    def __init__(self, url: str, port: int, logs: Path) -> None:
        self.url = url
        self._port = port
        self._logs = logs
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Portal":
        if not is_free(self._port):
            # Whoever listens there would answer in our place.
            raise DemoError(f"port {self._port} is taken; end what listens there, or give --port")
        self._logs.mkdir(parents=True, exist_ok=True)
        self._start("keeper", [sys.executable, "manage.py", "keeper"])
        self._start("log_signer", [sys.executable, "manage.py", "log_signer"])
        bind = f"127.0.0.1:{self._port}"
        # One process: the embedded cache (rate limits, used one-time codes) is the memory of one.
        gunicorn = [
            "gunicorn",
            "portal.wsgi:application",
            "--bind",
            bind,
            "--workers",
            "1",
            "--threads",
            "16",  # twice DELIVERY_MOST_AT_ONCE
        ]
        self._start("web", [sys.executable, "-m", *gunicorn])
        worker = ["celery", "--app", "portal", "worker", "--beat", "--pool", "solo", "--loglevel", "INFO"]
        self._start("worker", [sys.executable, "-m", *worker])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running:
            # Killed outright, with its children: jobs are rows with leases, so a worker may die at any
            # time, and a polite end takes it four seconds.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in self._running:
            process.wait()

    def wait_until_ready(self) -> None:
        """Return when the site answers. Raises DemoError with the log's name when it does not."""
        deadline = time.monotonic() + START_WAIT_S
        while time.monotonic() < deadline:
            self._raise_if_ended()
            if self._keeper_listens() and self._site_answers():
                return
            time.sleep(0.1)
        raise DemoError(f"the portal did not answer within {START_WAIT_S:.0f} s; see {self._logs}/web.log")

    def _start(self, name: str, command: list[str]) -> None:
        with (self._logs / f"{name}.log").open("wb") as log:
            self._running.append(
                subprocess.Popen(
                    command,
                    env={**os.environ, "PROCESS": name},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def _keeper_listens(self) -> bool:
        return KEEPER_READY in (self._logs / "keeper.log").read_text()

    def _site_answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/about/", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def _raise_if_ended(self) -> None:
        for process in self._running:
            if process.poll() is not None:
                raise DemoError(f"{process.args!r} ended with {process.returncode}; see {self._logs}")
