"""J1 with real parts: a Celery worker process, the filesystem broker, SQLite, and SIGKILL."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.unit.core.trial_jobs.work import HANG_ONCE, NOTE

DEADLINE_S = 60
LOOK_EVERY_S = 0.05
PORT_OF_NOBODY = 1

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("worker")]


class Place:
    """A VAR_DIR of its own, with what runs and lies there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trace = folder / "trace"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.unit.core.trial_jobs.settings",
            "VAR_DIR": str(folder),
        }

    def enqueue(self, kind: str, **environment: str) -> None:
        command = [sys.executable, "-m", "tests.unit.core.trial_jobs.enqueue", kind, str(self.trace)]
        subprocess.run(command, env={**self.environment, **environment}, check=True)

    @contextmanager
    def worker(self, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", "celery", "-A", "portal", "worker", "--concurrency=1", *options]
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
            try:
                yield process
            finally:
                kill(process)

    def job(self) -> tuple[str, int]:
        """State and attempts of the only trial job, as the database has them now."""
        with closing(sqlite3.connect(self.folder / "portal.sqlite3")) as database:
            query = "SELECT state, attempts FROM core_job WHERE kind LIKE 'trial.%'"
            [(state, attempts)] = database.execute(query).fetchall()
        return state, attempts

    def lines(self) -> list[str]:
        return self.trace.read_text().splitlines() if self.trace.exists() else []

    def wait_until(self, condition: Callable[[], bool]) -> None:
        end, pause = time.monotonic() + DEADLINE_S, threading.Event()
        while not condition():
            log = self.folder / "worker.log"
            assert time.monotonic() < end, log.read_text() if log.exists() else "no worker ran"
            pause.wait(LOOK_EVERY_S)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL the worker with its children, at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_worker_is_woken_by_the_commit_and_does_the_job(place: Place) -> None:
    place.enqueue(NOTE)
    with place.worker():  # no beat, so nothing but the message can have woken it
        place.wait_until(lambda: place.job() == ("done", 1))
    assert len(place.lines()) == 1


def test_j1_job_written_while_the_broker_was_away_is_found_by_the_sweep(place: Place) -> None:
    place.enqueue(NOTE, BROKER_URL=f"redis://127.0.0.1:{PORT_OF_NOBODY}/0")
    assert place.job() == ("ready", 0)
    with place.worker("--beat"):
        place.wait_until(lambda: place.job() == ("done", 1))


def test_j1_killed_worker_and_empty_broker_lose_no_job(place: Place) -> None:
    with place.worker("--beat") as first:
        place.enqueue(HANG_ONCE)
        place.wait_until(lambda: len(place.lines()) == 1)
        assert place.job() == ("running", 1)
        kill(first)
    for message in (place.folder / "broker" / "messages").iterdir():
        message.unlink()
    with place.worker("--beat"):
        place.wait_until(lambda: place.job() == ("done", 2))
    assert [line.split()[0] for line in place.lines()] == ["begun", "begun"]
