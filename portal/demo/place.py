"""Where the demo lives: one folder under var/, its settings, its people's passwords, and a lock."""

import fcntl
import json
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from portal.demo.person import Login
from portal.demo.processes import free_port

PREFERRED_PORT = 8765
MARK = "WEIGHTS_PORTAL_DEMO"


def is_demo_process() -> bool:
    """Whether this process already runs with the demo's settings."""
    return os.environ.get(MARK) == "1"


class Place:
    """The demo's folder. Everything in it is made anew by `make demo` and kept for `make serve`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.portal = folder / "portal"
        self.logs = folder / "logs"
        self.model = folder / "model"
        self.mailbox = self.portal / "mail"
        self.home = folder / "recipient" / "home"
        self.download = folder / "recipient" / "demo-opt-30m"
        self._port = folder / "port"
        self._logins = folder / "logins.json"

    @property
    def url(self) -> str:
        return os.environ["PORTAL_URL"]

    @property
    def port(self) -> int:
        return int(urlsplit(self.url).port or PREFERRED_PORT)

    @property
    def has_a_portal(self) -> bool:
        """Whether a demo went through, so that there is something to serve."""
        return self._logins.exists()

    def environment(self, *, port: int | None, keep: bool) -> dict[str, str]:
        """The environment of the demo's processes. keep: stay on the port that signed documents name."""
        if keep and self._port.exists():
            port = int(self._port.read_text())
        chosen = port or free_port(PREFERRED_PORT)
        return {
            **os.environ,
            MARK: "1",
            "DJANGO_SETTINGS_MODULE": "portal.settings.embedded",
            "VAR_DIR": str(self.portal),
            "PORTAL_URL": f"http://localhost:{chosen}",
            "STAFF_MFA": "off",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "HF_HUB_OFFLINE": "1",
        }

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder's lock; a second demo or `make serve` ends with a plain sentence."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                sys.exit("A demo or `make serve` is running already. End it first (Ctrl-C in its terminal).")
            yield

    def start_over(self) -> None:
        """Remove what an earlier demo left, but for the lock this process holds."""
        for path in self.folder.iterdir():
            if path.name == "lock" or path == self.portal:
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in self.portal.iterdir():
            # The running settings already read the session secret; it stays with its folder.
            if path.name != "keys":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in (self.portal / "keys").iterdir():
            if path.name != "session-secret":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._port.write_text(str(self.port))

    def new_login(self, role: str, name: str, email: str) -> Login:
        """A person with a password made for this run alone."""
        return Login(role, name, email, secrets.token_urlsafe(12))

    def keep_logins(self, logins: list[Login]) -> None:
        descriptor = os.open(self._logins, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump([asdict(login) for login in logins], file, indent=1)

    def logins(self) -> list[Login]:
        return [Login(**entry) for entry in json.loads(self._logins.read_text())]
