"""The log signer as a process: within seconds of what happens, killed and started again, ended politely."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from weights_vault.sealed.log.note import COSIGNATURE, NoteVerifier
from weights_vault.sealed.signing import SigningKey

ROOT = Path(__file__).parents[2]
LATEST_S = 5.0
WRITE = (
    'INSERT INTO core_auditevent (at, kind, "by", subject, data) '
    "VALUES ('2026-11-21 12:00:00', 'a.b', 'usr_a', 'x:1', '{}')"
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a portal of these tests' own; each of them goes on from what it finds."""
    folder = tmp_path_factory.mktemp("signer") / "var"
    settings = {"DJANGO_SETTINGS_MODULE": "portal.settings.embedded", "VAR_DIR": str(folder)}
    found = {**os.environ, **settings, "PYTHONWARNINGS": "error"}
    found.pop("DATABASE_URL", None)
    manage(found, "migrate", "--verbosity", "0")
    return found


def manage(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def signer(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "log_signer"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ask(environment: dict[str, str], sql: str) -> int:
    database = sqlite3.connect(Path(environment["VAR_DIR"]) / "portal.sqlite3", timeout=20)
    try:
        with database:
            row = database.execute(sql).fetchone()
    finally:
        database.close()
    return int(row[0] or 0) if row else 0


def events(environment: dict[str, str]) -> int:
    return ask(environment, "SELECT count(*) FROM core_auditevent")


def signed_within(environment: dict[str, str], size: int, seconds: float) -> float:
    """Seconds until a head of so many entries stands in the database."""
    began = time.monotonic()
    while ask(environment, "SELECT max(size) FROM core_logcheckpoint") < size:
        assert time.monotonic() - began < seconds, f"no head of {size} entries after {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began


def test_signer_is_seconds_behind_and_survives_being_killed(environment: dict[str, str]) -> None:
    count = events(environment)
    with signer(environment) as process:
        ask(environment, WRITE)
        signed_within(environment, count + 1, 60)  # it starts meanwhile
        ask(environment, WRITE)
        assert signed_within(environment, count + 2, LATEST_S) < LATEST_S
        ask(environment, WRITE)
        process.kill()
    with signer(environment) as process:
        signed_within(environment, count + 3, 60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert manage(environment, "audit", "verify").startswith(f"{count + 3} entries are good")


def test_signer_that_refuses_says_so_once_and_goes_on_when_it_can(environment: dict[str, str]) -> None:
    folder = Path(environment["VAR_DIR"]) / "log"
    ask(environment, WRITE)
    manage(environment, "log_signer", "--once")
    folder.rename(folder.with_name("elsewhere"))
    ask(environment, WRITE)
    with signer(environment) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if "nothing is signed" in line)
        assert "The last signed head of the log is not in" in line
        for left in folder.iterdir():
            left.unlink()
        folder.rmdir()
        folder.with_name("elsewhere").rename(folder)
        signed_within(environment, events(environment), 30)
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
    assert rest.count("nothing is signed") == 0
    assert "signing again" in rest


@contextmanager
def silent_witness() -> Iterator[str]:
    """Takes every connection and says nothing. Gives its line of LOG_WITNESSES."""
    key = NoteVerifier("silent.example.org", SigningKey.generate().public, COSIGNATURE)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as door:
        yield f"http://127.0.0.1:{door.getsockname()[1]} {key.text}"


def test_witness_that_says_nothing_holds_up_no_head(environment: dict[str, str]) -> None:
    """Each question to it lasts for seconds; it is asked again only after a minute."""
    with silent_witness() as line, signer({**environment, "LOG_WITNESSES": line}) as process:
        ask(environment, WRITE)
        signed_within(environment, events(environment), 60)
        for _ in range(3):
            ask(environment, WRITE)
            signed_within(environment, events(environment), LATEST_S)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
