"""A published release, a person with a grant, and the real `weights` as that person runs it."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import httpx

from tests.servers.production import DELIVERY_KEY_ID, Production
from tests.unit.vault.folders import write_folder
from weights_vault.sealed.body import part_count, part_range
from weights_vault.storage.signed_urls import ObjectUrls

Part: TypeAlias = tuple[str, int]  # file id, part number

RELEASE = "opt-175b"
VALUES = 5_000_000  # two shards of 30 MB: four parts, two of them whole
END_S = 120
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Published:
    """A portal with a release in its store, and the recipient.

    plain: the folder as the publisher has it. authorities: the certificate that the recipient's machine
    trusts. made: what tests/servers/release.py printed.
    """

    portal: Production
    plain: Path
    home: Path
    authorities: Path
    made: Any

    @property
    def url(self) -> str:
        return self.portal.url

    @property
    def shards(self) -> dict[str, str]:
        """Path → the name of its object in the store, of the files that have several parts."""
        files = sorted(self.made["files"].items())
        return {path: file["object"] for path, file in files if path.startswith("model-")}

    @property
    def parts(self) -> set[Part]:
        """Every part of the shards."""
        return {part for part, path in self._every_part() if path in self.shards}

    def bytes_without(self, known: set[Part]) -> int:
        """Sealed bytes of all parts of all files but the known ones."""
        sizes = {self.made["files"][path]["id"]: self._size(path) for path in self.made["files"]}
        missing = [part for part, _ in self._every_part() if part not in known]
        return sum(part_range(index, sizes[file]).sealed_size for file, index in missing)

    def _every_part(self) -> list[tuple[Part, str]]:
        return [
            ((file["id"], index), path)
            for path, file in self.made["files"].items()
            for index in range(part_count(self._size(path)))
        ]

    def _size(self, path: str) -> int:
        return (self.plain / path).stat().st_size

    def start(self, folder: Path, *words: str, front: Sequence[str] = ()) -> subprocess.Popen[str]:
        """`weights download RELEASE --to folder --json` in a process of its own. front: stands before it."""
        command = ["download", RELEASE, "--to", str(folder), "--json", *words]
        return subprocess.Popen(
            [*front, sys.executable, "-m", "weights_vault.client.main", *command],
            cwd=ROOT, env=self._environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def download(self, folder: Path, *words: str, front: Sequence[str] = ()) -> tuple[int, Any, str]:
        """Run a download to its end. Returns: exit code, the document on stdout, what it said on stderr."""
        process = self.start(folder, *words, front=front)
        out, err = process.communicate(timeout=END_S)
        return process.returncode, json.loads(out), err

    def body_url(self, path: str) -> str:
        """A fresh signed URL of a file's body, asked from the portal as the client does."""
        with self.ask() as client:
            answer = client.post(
                f"{self.url}/api/v1/grants/{self.made['grant']}/urls",
                json={"revision": self.made["revision"], "files": [self.made["files"][path]["id"]]},
                headers={"Authorization": f"Bearer {self.made['token']}"},
            )
        return str(answer.raise_for_status().json()["urls"][0]["url"])

    def signed_url(self, name: str, *, lifetime_s: int, now: datetime) -> str:
        """A URL of an object as the portal would have signed it at another time."""
        urls = ObjectUrls(self.url, {DELIVERY_KEY_ID: self.portal.delivery_key})
        return urls.make(name, lifetime_s=lifetime_s, now=now)

    def ask(self) -> httpx.Client:
        """A client that trusts the portal's certificate and no environment."""
        context = ssl.create_default_context(cafile=str(self.authorities))
        return httpx.Client(verify=context, trust_env=False, timeout=20)

    def assert_complete(self, folder: Path) -> None:
        """Every published file stands in the folder, byte for byte."""
        paths = [path for path in self.plain.rglob("*") if path.is_file()]
        assert len(paths) == len(self.made["files"])
        for path in paths:
            assert (folder / path.relative_to(self.plain)).read_bytes() == path.read_bytes()

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "WEIGHTS_HOME": str(self.home / "weights"),
            "WEIGHTS_PORTAL": self.url,
            "WEIGHTS_TOKEN": self.made["token"],
            "WEIGHTS_IDENTITY": str(self.home / "key.txt"),
            "SSL_CERT_FILE": str(self.authorities),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }


def publish(portal: Production, authorities: Path) -> Published:
    """Publish a folder of random shards into the portal's store, and grant it to a person."""
    plain = write_folder(portal.folder / "plain", shards=2, values=VALUES)
    made = portal.run("tests.servers.release", RELEASE, str(plain))
    home = portal.folder / "home"
    home.mkdir()
    key = home / "key.txt"
    key.touch(mode=0o600)
    key.write_text(f"{made['identity']}\n")
    return Published(portal, plain, home, authorities, made)


def journaled(folder: Path) -> set[Part]:
    """The parts that are in, as the folder's journal has them; a line that a kill cut off is none."""
    journal = folder / ".weights" / "journal"
    lines = journal.read_text().split("\n")[:-1] if journal.exists() else []
    words = [line.split(" ") for line in lines if line.startswith("part ")]
    return {(file, int(index)) for _, file, index in words}


def kill_after_first_part(process: subprocess.Popen[str], release: Published, folder: Path) -> set[Part]:
    """`kill -9` once a part of a shard is in and others are not. Returns: what was in by then."""
    while not release.parts & journaled(folder):
        try:
            process.wait(0.01)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(process.communicate())
    process.kill()
    process.communicate()
    known = journaled(folder)
    assert release.parts - known, "it was over before it was killed"
    return known
