"""Whose passkeys count under votes: the keeper's own files, written by a person at the console.

The database says who is a reviewer, and which passkeys they have; whoever can write rows could say so, too.
So the keeper goes by `voters.jsonl` in KEEPER_STATE, a line for each passkey: person, credential id, public
key (COSE). Grants from before there was evidence stand in `settled.jsonl`, as they were then.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from fido2 import cbor

from portal.core.keys import files

VOTERS: Final = "voters.jsonl"
SETTLED: Final = "settled.jsonl"


@dataclass(frozen=True)
class Voter:
    """One passkey of one person. credential: its id, lower-case hex. key: its public key, CBOR as base64."""

    person: str
    credential: str
    key: str

    @property
    def public_key(self) -> Mapping[int, Any]:
        """The COSE key."""
        decoded = cbor.decode(base64.b64decode(self.key))
        if not isinstance(decoded, Mapping):
            raise ImproperlyConfigured(f"KEEPER_STATE: {VOTERS} holds what is no key.")
        return decoded

    @property
    def fingerprint(self) -> str:
        """Of the public key: 16 hex digits in fours, for two people to read to each other."""
        digest = hashlib.sha256(base64.b64decode(self.key)).hexdigest()
        return " ".join(digest[start : start + 4] for start in range(0, 16, 4))

    @classmethod
    def of(cls, person: str, credential: bytes, public_key: Mapping[int, Any]) -> "Voter":
        key = base64.b64encode(cbor.encode(dict(public_key))).decode()
        return cls(person, credential.hex(), key)


@dataclass(frozen=True)
class Settled:
    """A grant whose votes carry no evidence, and that an operator vouched for: exactly this one."""

    grant: str
    person: str
    release: str


@contextmanager
def locked() -> Iterator[None]:
    """One who changes the files at a time. Raises: OSError."""
    with files.locked(Path(settings.KEEPER_STATE) / "voters.lock"):
        yield


def voters() -> list[Voter]:
    """Every passkey that counts. Raises: ImproperlyConfigured: the file cannot be trusted."""
    return [Voter(**line) for line in _lines(VOTERS)]


def keep_voters(trusted: Iterable[Voter]) -> None:
    """Write who counts from now on. Raises: OSError."""
    _keep(VOTERS, trusted)


def settled() -> set[Settled]:
    """The grants that were vouched for. Raises: ImproperlyConfigured."""
    return {Settled(**line) for line in _lines(SETTLED)}


def keep_settled(grants: Iterable[Settled]) -> None:
    """Write them. Raises: OSError."""
    _keep(SETTLED, grants)


def _lines(name: str) -> list[dict[str, str]]:
    path = Path(settings.KEEPER_STATE) / name
    if not path.exists():
        return []
    found = path.stat()
    if found.st_uid not in (os.getuid(), 0) or found.st_mode & 0o022:
        raise ImproperlyConfigured(f"KEEPER_STATE: others may write {path}; it must be the keeper's alone.")
    try:
        return [json.loads(line) for line in files.read_text(path, "KEEPER_STATE").splitlines()]
    except ValueError as error:
        raise ImproperlyConfigured(f"KEEPER_STATE: {path} is not what `manage.py voters` wrote.") from error


def _keep(name: str, rows: Iterable[Voter | Settled]) -> None:
    folder = Path(settings.KEEPER_STATE)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = "".join(f"{json.dumps(asdict(row), sort_keys=True)}\n" for row in rows)
    files.replace(folder / name, text.encode())
