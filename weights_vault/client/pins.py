"""What this machine remembers of a portal: its root key's fingerprint and the highest sequences.

The memory is what makes a rollback visible: an old head, signed and not yet expired, is refused once a newer
one was seen here. It only ever rises.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from weights_vault.client.errors import MachineFault
from weights_vault.client.home import Home
from weights_vault.client.settings import portal_file


@dataclass(frozen=True)
class SeenHead:
    """The newest head of a release that was accepted here."""

    sequence: int
    issued: datetime


class Pins:
    """The memory of one portal, in `portals/<host>.json`."""

    def __init__(self, home: Home, portal: str) -> None:
        self._home = home
        self._name = portal_file(portal, "json")
        self._portal = portal

    @property
    def root(self) -> str | None:
        """Fingerprint of the pinned root key, None before first contact."""
        found = self._read().get("root")
        return found if isinstance(found, str) else None

    @property
    def trust_sequence(self) -> int:
        """Highest sequence of a trust document accepted here, 0 before the first."""
        found = self._read().get("trust_sequence", 0)
        return found if isinstance(found, int) else 0

    @property
    def log(self) -> tuple[str, ...]:
        """Keys of the portal's audit log, as the last trust document accepted here named them."""
        return tuple(self._read().get("log", ()))

    def head(self, release: str) -> SeenHead | None:
        """The newest head of a release seen here."""
        found = self._read().get("heads", {}).get(release)
        if found is None:
            return None
        return SeenHead(found["sequence"], datetime.fromisoformat(found["issued"]))

    def keep_trust(self, *, root: str, sequence: int, log: tuple[str, ...] = ()) -> None:
        """Remember an accepted trust document. log: the keys of the audit log that it names."""
        with self._home.locked():
            memory = self._read()
            if memory.get("root") == root:
                sequence = max(sequence, int(memory.get("trust_sequence", 0)))
            memory |= {"portal": self._portal, "root": root, "trust_sequence": sequence, "log": list(log)}
            self._home.write_json(self._name, memory)

    def keep_head(self, release: str, seen: SeenHead) -> None:
        """Remember an accepted head, unless a newer one is remembered already."""
        with self._home.locked():
            memory = self._read()
            heads = memory.setdefault("heads", {})
            known = heads.get(release)
            if known and (known["sequence"], known["issued"]) >= (seen.sequence, seen.issued.isoformat()):
                return
            memory["portal"] = self._portal
            heads[release] = {"sequence": seen.sequence, "issued": seen.issued.isoformat()}
            self._home.write_json(self._name, memory)

    def _read(self) -> dict[str, Any]:
        memory = self._home.read_json(self._name)
        heads = memory.get("heads", {})
        if memory and not (
            memory.get("portal") == self._portal
            and isinstance(memory.get("trust_sequence", 0), int)
            and isinstance(memory.get("log", []), list)
            and all(isinstance(each, str) for each in memory.get("log", []))
            and isinstance(heads, dict)
            and all(map(_is_seen_head, heads.values()))
        ):
            raise self._damaged()
        return memory

    def _damaged(self) -> MachineFault:
        return MachineFault(
            "home-damaged",
            f"{self._home.path(self._name)} is not what this command wrote.",
            "What it remembers of the portal cannot be read.",
            "Restore it from a backup; or remove it and pass --portal-key, to trust nothing at first use.",
        )


def _is_seen_head(found: object) -> bool:
    if not isinstance(found, dict) or not isinstance(found.get("sequence"), int):
        return False
    try:
        return datetime.fromisoformat(str(found.get("issued"))).tzinfo is not None
    except ValueError:
        return False
