"""The fixtures of the vault's unit tests, and processes that publish step by step."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

from tests.integration.vault.puts import Puts, assert_one_plaintext_a_key, watch_puts
from tests.unit.vault.conftest import *  # noqa: F403
from weights_vault.models import Release

PUTS = "puts"
CHECKOUT = Path(__file__).resolve().parents[3]


class SteppedPublish:
    """A publishing process that waits at each step."""

    def __init__(self, release: Release, folder: Path, revision: str) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.integration.vault.publish_process",
                release.slug,
                str(folder),
                revision,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            env=process_environment(),
        )
        self.steps: list[str] = []

    def run_to(self, wanted: str, occurrence: int = 1) -> None:
        """Let it go on until it stands at the given step for the given time."""
        assert self.process.stdout is not None
        while True:
            line = self.process.stdout.readline().strip()
            assert line, f"it ended after {self.steps}: {self.process.communicate()[1]}"
            self.steps.append(line)
            if line == wanted and self.steps.count(wanted) == occurrence:
                return
            self.go_on()

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def finish(self) -> int:
        """Let it run to its end; returns the exit status."""
        assert self.process.stdout is not None
        self.go_on()
        for _ in self.process.stdout:
            self.go_on()
        return self.process.wait()

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.process.kill()
        self.process.communicate()


def process_environment() -> dict[str, str]:
    database = {
        name: str(connection.settings_dict[name])
        for name in ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")
    }
    options = {"OPTIONS": connection.settings_dict["OPTIONS"]}
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.integration.vault.process_settings",
        "PYTHONWARNINGS": "default",
        "VAR_DIR": str(django_settings.VAR_DIR),
        "TEST_DATABASE": json.dumps({**database, **options}),
        "TEST_STORAGE_URL": django_settings.STORAGE_URL,
        "PUTS": str(Path(django_settings.VAR_DIR) / PUTS),
    }


@pytest.fixture
def puts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Puts]:
    """What this process and those of `stepped` put into the store; in the end it was never wrong."""
    file = Path(django_settings.VAR_DIR) / PUTS
    file.unlink(missing_ok=True)
    noted = Puts(file)
    watch_puts(noted.note, monkeypatch.setattr)
    yield noted
    assert_one_plaintext_a_key(noted.all())
    file.unlink(missing_ok=True)


@pytest.fixture
def stepped(vault: None, folder: Path, release: Release) -> Iterator[Callable[..., SteppedPublish]]:
    """stepped(revision) → a publish of `folder` that waits at its first step."""
    started: list[SteppedPublish] = []

    def start(revision: str = "v1", **changes: Any) -> SteppedPublish:
        started.append(SteppedPublish(release, changes.get("folder", folder), revision))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()
        for stream in (one.process.stdin, one.process.stdout, one.process.stderr):
            if stream is not None:
                stream.close()
