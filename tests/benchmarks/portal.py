"""A real portal for a row: gunicorn with a database and a store of its own, on loopback ports."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.place import random_shard
from tests.benchmarks.programs import ROOT, Ran, clean_environment, run
from tests.servers.ports import wait_for

START_S = 60.0
DOCUMENTS = {
    "config.json": '{"architectures": ["OPTForCausalLM"], "hidden_size": 8}',
    "MODEL_CARD.md": "# Random shards\n",
    "LICENSE.md": "Use the weights for research alone.\n",
    "smoke/reference.json": '{"version": 1}',
}


@dataclass(frozen=True)
class StoredFile:
    """A published file: path and size of the plaintext, name and size of its object, Ada's header of it."""

    path: str
    size: int
    object: str
    body_size: int
    header: bytes = field(repr=False)


@dataclass(frozen=True)
class Granted:
    """What the recipient has. files: of the release, the shards first."""

    release: str
    token: str = field(repr=False)
    identity: Path
    files: tuple[StoredFile, ...]

    @property
    def shards(self) -> list[StoredFile]:
        return [file for file in self.files if file.path.startswith("model-")]


@dataclass(frozen=True)
class Portal:
    """url: as people reach it. environment: of its processes."""

    folder: Path
    url: str
    environment: Mapping[str, str]

    def manage(self, *arguments: str, watch: bool = False) -> Ran:
        """A step of `processes.portal_world`."""
        return run(self.command(*arguments), self.environment, watch=watch)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tests.benchmarks.processes.portal_world", *arguments]

    def grant(self, release: str) -> Granted:
        """Give the published release to a recipient, whose key lies in a file beside."""
        told = self.manage("grant", release).told
        identity = self.folder / f"{release}.identity"
        identity.touch(mode=0o600)
        identity.write_text(told["identity"] + "\n")
        return Granted(release, told["token"], identity, tuple(_stored(entry) for entry in told["files"]))

    def recipient(self, granted: Granted, home: Path) -> dict[str, str]:
        """The environment of `weights` for this recipient."""
        return {
            "WEIGHTS_PORTAL": self.url,
            "WEIGHTS_TOKEN": granted.token,
            "WEIGHTS_IDENTITY": str(granted.identity),
            "WEIGHTS_HOME": str(home),
        }

    @contextmanager
    def serving(self, port: int) -> Iterator[int]:
        """gunicorn on this port, as `make demo` starts it, ended with its children. Yields: its pid."""
        command = ["gunicorn", "portal.wsgi:application", "--bind", f"127.0.0.1:{port}"]
        command += ["--workers", "1", "--threads", "16"]
        with (self.folder / "web.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, env=clean_environment(self.environment),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            wait_for(port, timeout_s=START_S)
            yield process.pid
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def make_portal(folder: Path, url: str, releases: list[str], **environment: str) -> Portal:
    """A portal with releases that wait to be published. environment: more of its settings."""
    folder.mkdir(exist_ok=True)
    settings = {
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
        "VAR_DIR": str(folder / "var"),
        "PORTAL_URL": url,
        "PYTHONWARNINGS": "ignore",
        **environment,
    }
    portal = Portal(folder, url, settings)
    portal.manage("make", *releases)
    return portal


def make_release_folder(folder: Path, size: int, shards: int) -> Path:
    """What a publisher has: shards of random values, `size` bytes in all, and the documents it takes."""
    (folder / "smoke").mkdir(parents=True)
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text)
    random_shard(folder / "smoke" / "reference.safetensors", 1 << 12, seed=0)
    for number in range(1, shards + 1):
        random_shard(folder / shard_name(number, shards), size // shards, seed=number)
    return folder


def shard_name(number: int, shards: int) -> str:
    """As models on hubs name them; number: from 1."""
    return f"model-{number:05}-of-{shards:05}.safetensors"


def _stored(entry: Mapping[str, Any]) -> StoredFile:
    return StoredFile(**{**entry, "header": base64.b64decode(entry["header"])})
