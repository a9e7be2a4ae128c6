"""The signing keys of each role as a list with times, so that a change of keys needs no moment at which
everybody must look: the file `ring.json`.

An entry: from when on its key signs (never: it is announced alone), and until when recipients are told of it
(for good, where nothing is said). In the keeper's folder each entry names the file of its private key; the
same list, which holds no secret, lies in PUBLIC_KEYS for every other process.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured

from portal.core.keys import files
from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.signing import PublicKey
from weights_vault.sealed.trust import ROLES

RING: Final = "ring.json"
_VERSION: Final = 1


@dataclass(frozen=True)
class Entry:
    """One key of a role. file: name of its private key in the keeper's folder.

    signs_from: None: not yet. listed_until: None: for good; at that time it is listed no more.
    """

    public: PublicKey
    file: str
    signs_from: datetime | None
    listed_until: datetime | None = None

    def signs(self, now: datetime) -> bool:
        return self.signs_from is not None and self.signs_from <= now and self.listed(now)

    def listed(self, now: datetime) -> bool:
        return self.listed_until is None or now < self.listed_until


@dataclass(frozen=True)
class Ring:
    """The keys of every role, each in the order in which they came."""

    roles: Mapping[str, tuple[Entry, ...]]

    def signing(self, role: str, now: datetime) -> Entry:
        """The key that signs now: of those whose time has come the one that came last.

        Raises: ImproperlyConfigured: none of this role does.
        """
        able = [entry for entry in self.roles[role] if entry.signs(now)]
        if not able:
            raise ImproperlyConfigured(f"SIGNING_KEYS: no key of the role {role} signs now.")
        return max(able, key=lambda entry: entry.signs_from or now)

    def listed(self, role: str, now: datetime) -> list[Entry]:
        """The keys that recipients are told of: the one that signs first, then newer before older.

        A root that is announced stands elsewhere in the trust document.
        """
        first = self.signing(role, now)
        others = [each for each in reversed(self.roles[role]) if each.listed(now) and each != first]
        if role == "root":
            others = [each for each in others if each.signs(now)]
        return [first, *others]

    def announced(self, role: str, now: datetime) -> Entry | None:
        """The key that will sign next, if one is announced."""
        coming = [each for each in self.roles[role] if each.listed(now) and not each.signs(now)]
        return coming[-1] if coming else None

    def with_role(self, role: str, entries: Iterable[Entry]) -> "Ring":
        return replace(self, roles={**self.roles, role: tuple(entries)})


def load(folder: Path, setting: str) -> Ring | None:
    """The ring of a folder; None where there is none. Raises: ImproperlyConfigured: it cannot be read."""
    path = folder / RING
    if not path.exists():
        return None
    try:
        told = json.loads(files.read_text(path, setting))
        if told["v"] != _VERSION:
            raise ValueError("version")
        return Ring({role: tuple(_read(entry) for entry in told["roles"][role]) for role in ROLES})
    except (ValueError, KeyError, TypeError, SealedError) as error:
        raise ImproperlyConfigured(f"{setting}: {path} is not what this portal wrote.") from error


def keep(ring: Ring, folder: Path, *, mode: int = 0o600) -> None:
    """Write the ring into a folder, whole or not at all."""
    told = {"v": _VERSION, "roles": {role: [_write(each) for each in ring.roles[role]] for role in ROLES}}
    files.replace(folder / RING, json.dumps(told, indent=1).encode(), mode=mode)


def _read(told: Mapping[str, Any]) -> Entry:
    return Entry(
        public=PublicKey.from_text(told["public"]),
        file=str(told["file"]),
        signs_from=_moment(told["signs_from"]),
        listed_until=_moment(told["listed_until"]),
    )


def _write(entry: Entry) -> dict[str, str | None]:
    return {
        "public": str(entry.public),
        "file": entry.file,
        "signs_from": entry.signs_from.isoformat() if entry.signs_from else None,
        "listed_until": entry.listed_until.isoformat() if entry.listed_until else None,
    }


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without a zone")
    return found
