"""The portal as an operator runs it: gunicorn, the production settings, keys of its own, behind a proxy.

What a download needs nothing of is left out: SQLite stands in for PostgreSQL, a memory for Redis.
"""

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from portal.core.certificates import stand_in_pem
from tests.servers.doors import port_of
from weights_vault.sealed.log.note import NoteVerifier
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import ROLES

ROOT = Path(__file__).resolve().parents[2]
START_WAIT_S = 40.0
DELIVERY_KEY_ID = "test"


class Production:
    """One portal in `folder`, at the address `url`, with the store `store` (a STORAGE_URL).

    more: further settings by name. delivery_key: the secret that signs its URLs.
    """

    def __init__(self, folder: Path, *, url: str, store: str, **more: str) -> None:
        self.folder = folder
        self.url = url
        self.delivery_key = secrets.token_bytes(32)
        self.stale_mark = folder / "stale-url"
        signing = folder / "signing"
        signing.mkdir(mode=0o700)
        for role in ROLES:
            (signing / f"{role}.pem").write_bytes(SigningKey.generate().to_pem())
        agreement_key = folder / "agreement.pem"
        agreement_key.write_bytes(stand_in_pem("A portal for tests", datetime.now(UTC)))
        self._settings = {
            "DJANGO_SETTINGS_MODULE": "tests.servers.production_settings",
            "PYTHONWARNINGS": "default",
            "PORTAL_URL": url,
            "STORAGE_URL": store,
            "KEEPER": "inprocess",
            "MASTER_KEY": "env:TEST_MASTER_KEY",
            "TEST_MASTER_KEY": _text(secrets.token_bytes(32)),
            "SECRETS_KEY": "env:TEST_SECRETS_KEY",
            "TEST_SECRETS_KEY": _text(secrets.token_bytes(32)),
            "SIGNING_KEYS": str(signing),
            "DELIVERY_KEYS": f"{DELIVERY_KEY_ID}:{_text(self.delivery_key)}",
            "AGREEMENT_KEY": str(agreement_key),
            "LOG_VERIFIER": NoteVerifier("log", SigningKey.generate().public).text,
            "SECRET_KEY": secrets.token_urlsafe(50),
            "BEHIND_TLS_PROXY": "on",
            "DATABASE_URL": f"sqlite:///{folder}/portal.sqlite3",
            "BROKER_URL": "memory://",
            "CACHE_URL": "redis://127.0.0.1:1/0",
            "EMAIL_URL": "dummymail://",
            "DEFAULT_FROM_EMAIL": "portal@example.org",
            "CONTACT_EMAIL": "weights-help@example.org",
            "VAR_DIR": str(folder),
            "STALE_URL_MARK": str(self.stale_mark),
            **more,
        }

    @property
    def environment(self) -> dict[str, str]:
        """Of every process of this portal. The database of the tests themselves is not its own."""
        return {**os.environ, **self._settings}

    def run(self, module: str, *arguments: str) -> Any:
        """Run a module under the portal's settings. Returns: the JSON that it prints."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{module} ended with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)


class WebServer:
    """gunicorn with a portal; it ends with its context. door: what it listens on, its own from then on."""

    def __init__(self, portal: Production, door: socket.socket, *, threads: int) -> None:
        self._portal = portal
        self._door = door
        self._port = port_of(door)
        self._threads = threads
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "WebServer":
        inherited = self._door.fileno()
        options = ["--bind", f"fd://{inherited}", "--threads", str(self._threads)]
        path = self._portal.folder / "web.log"
        with path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "tests.servers.portal_wsgi:application", *options],
                cwd=ROOT, env=self._portal.environment, pass_fds=[inherited],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._door.close()
        try:
            httpx.get(f"http://127.0.0.1:{self._port}/about/", timeout=START_WAIT_S, trust_env=False)
        except httpx.TransportError as error:
            self._end()
            raise RuntimeError(f"gunicorn did not start: {path.read_text()}") from error
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()
