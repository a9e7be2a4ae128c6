"""Running the programs that are measured: wall time, and peak memory of those that are watched."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.errors import BenchError

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 1_200
WATCH_S = 0.02
_PORT = re.compile(r"127\.0\.0\.1:\d+")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    """seconds: wall time, start of the process included. peak: bytes of memory at most, 0 if not watched."""

    seconds: float
    out: str
    err: str = ""
    peak: int = 0

    @property
    def told(self) -> dict[str, Any]:
        """The JSON document that the process wrote, or last wrote to standard error."""
        return dict(json.loads(self.out or self.err.splitlines()[-1]))


def run(
    command: Sequence[str] | str, environment: Mapping[str, str] | None = None, *, watch: bool = False
) -> Ran:
    """Run a program (or a line of shell) to its end.

    environment: in addition to what stays of this process's. watch: look at its memory while it runs.
    Raises: BenchError: it did not end with 0.
    """
    argv = ["sh", "-e", "-c", command] if isinstance(command, str) else list(command)
    began = time.perf_counter()
    process = subprocess.Popen(
        argv,
        cwd=ROOT,
        env=clean_environment(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    watcher = PeakWatcher(process.pid) if watch else None
    out, err = _ended(process, argv)
    seconds = time.perf_counter() - began
    if process.returncode != 0:
        raise BenchError(f"{' '.join(argv)[:300]} ended with {process.returncode}:\n{(err or out)[-2000:]}")
    return Ran(seconds, out, err, watcher.finish() if watcher else 0)


def _ended(process: subprocess.Popen[str], argv: Sequence[str]) -> tuple[str, str]:
    """What it said. Raises: BenchError: it took too long; it and its children are ended then."""
    try:
        return process.communicate(timeout=LIMIT_S)
    except BaseException as error:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise BenchError(f"{' '.join(argv)[:300]} took longer than {LIMIT_S} s") from None
        raise


def clean_environment(added: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without settings that change what is measured."""
    unwanted = ("WEIGHTS_", "DJANGO_", "DATABASE_", "AWS_", "RCLONE_", "HTTP_", "HTTPS_", "http_", "https_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return {**kept, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", **added}


class PeakWatcher(threading.Thread):
    """Reads a process's high-water mark of memory again and again until the process is gone."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self._over = threading.Event()
        self._peak = 0
        self.start()

    def run(self) -> None:
        """Watch; the mark only rises, so the last reading counts."""
        while not self._over.is_set() and (found := self._read()) is not None:
            self._peak = max(self._peak, found)
            self._over.wait(WATCH_S)

    def finish(self) -> int:
        """Stop watching; a process that still runs is looked at once more. Returns: bytes."""
        self._over.set()
        self.join()
        return max(self._peak, self._read() or 0)

    def _read(self) -> int | None:
        try:
            return peak_of(self._status.read_text())
        except OSError:
            return None


def peak_of(status: str) -> int | None:
    """VmHWM of a /proc/PID/status, in bytes; None where the process is a zombie and has no memory."""
    found = _PEAK.search(status)
    return int(found[1]) * 1024 if found else None


def peak_of_children(pid: int) -> int:
    """The highest mark of a process's children, in bytes: of gunicorn's workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return max(peak_of(Path(f"/proc/{child}/status").read_text()) or 0 for child in children)


def shown(command: Sequence[str] | str, names: Mapping[str, str]) -> str:
    """A command as the page prints it. names: what stands in for machine paths and secrets."""
    text = command if isinstance(command, str) else " ".join(command)
    for value in sorted(names, key=len, reverse=True):
        text = text.replace(value, names[value])
    return _PORT.sub("127.0.0.1:$PORT", text)
