"""Changing the signing keys, so that no recipient meets a signature of a key they were not told of.

A new key is listed first and signs only later (LEAD); the old one stays listed as long as something that it
signed counts. Heads end after a day. Manifests and countersignatures never do: an earlier key of theirs is
listed until it is dropped by hand. The root is announced, then it takes over: for ROOT_OVERLAP the trust
document is signed by both, and the last one so signed is kept for good, for whoever was away.

Each step is one write of the ring: a step that was cut off has happened or has not. One step at a time: of
two that read the same ring, the second would write the first one's key out of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings

from portal.core.keys import files, ring
from portal.core.keys.ring import Entry, Ring
from portal.core.keys.signing import private_ring, tell_public_keys
from portal.core.problems import Conflict
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import ROLES
from weights_vault.sealed.trust_document import MAX_KEYS

LEAD: Final = timedelta(hours=1)  # longer than a command of a recipient's goes by one trust document's keys
LONGEST_DOCUMENT: Final = {"head": timedelta(hours=25)}  # a day, and an hour for clocks
ROOT_OVERLAP: Final = timedelta(days=60)  # two lives of a trust document
LOCK: Final = "ring.lock"
ROTATED: Final = tuple(role for role in ROLES if role != "root")


def rotate(role: str, now: datetime, *, compromised: bool = False) -> Ring:
    """Make a new key of `role`, which will sign after LEAD, and plan the end of the one that signs now.

    compromised: the new one signs at once, and nothing that an earlier one signed counts any more.
    Raises: Conflict: a new key waits already, or too many are listed.
    """
    if role not in ROTATED:
        raise RuntimeError(f"{role!r} is not rotated like this")
    with _changing() as found:
        return _keep(_rotated(found, role, now, compromised=compromised))


def _rotated(found: Ring, role: str, now: datetime, *, compromised: bool) -> Ring:
    if compromised:
        closed = [_until(entry, now) for entry in found.roles[role]]
        return found.with_role(role, [*closed, _new(role, now, signs_from=now)])
    if (waiting := found.announced(role, now)) is not None:
        raise Conflict("rotation_runs", f"A new {role} key waits: it signs from {_said(waiting)} on.")
    if len(found.listed(role, now)) >= MAX_KEYS:
        raise Conflict("too_many_keys", f"{MAX_KEYS} {role} keys are listed.", "Drop one: --drop KEY.")
    begins, longest = now + LEAD, LONGEST_DOCUMENT.get(role)
    entries = list(found.roles[role])
    if longest is not None:
        entries = [_until(entry, begins + longest) for entry in entries]
    return found.with_role(role, [*entries, _new(role, now, signs_from=begins)])


def drop(role: str, keyid: str, now: datetime) -> Ring:
    """List an earlier key no more; what it signed is refused from then on.

    keyid: the beginning of it, at least eight characters.
    Raises: Conflict: there is no such key, or it is the one that signs.
    """
    with _changing() as found:
        named = [each for each in found.listed(role, now) if each.public.keyid.startswith(keyid)]
        if len(keyid) < 8 or len(named) != 1:
            raise Conflict("no_such_key", f"No {role} key alone begins with {keyid!r}.", "See --list.")
        if named[0] == found.signing(role, now):
            raise Conflict("key_signs", "This key signs now.", "Make another first, without --drop.")
        entries = [_until(each, now) if each == named[0] else each for each in found.roles[role]]
        return _keep(found.with_role(role, entries))


def announce_root(now: datetime) -> Ring:
    """Make the key that will be the next root, and name it in the trust document.

    Raises: Conflict: one is announced already.
    """
    with _changing() as found:
        if found.announced("root", now) is not None:
            raise Conflict(
                "rotation_runs", "The next root is announced already.", "Let it take over: --take-over"
            )
        return _keep(found.with_role("root", [*found.roles["root"], _new("root", now, signs_from=None)]))


def root_takes_over(now: datetime) -> Ring:
    """Have the announced root sign from now on, for ROOT_OVERLAP together with the one before it.

    Raises: Conflict: none is announced.
    """
    with _changing() as found:
        coming = found.announced("root", now)
        if coming is None:
            raise Conflict("none_announced", "No next root is announced.", "Announce one first: --announce")
        entries = [
            replace(each, signs_from=now) if each == coming else _until(each, now + ROOT_OVERLAP)
            for each in found.roles["root"]
        ]
        return _keep(found.with_role("root", entries))


@contextmanager
def _changing() -> Iterator[Ring]:
    """The ring as it stands, while nobody else changes it. Raises: ImproperlyConfigured; OSError."""
    private_ring(*ROLES)  # no lock, and no folder for it, where there are no keys
    with files.locked(Path(settings.SIGNING_KEYS) / LOCK):
        yield private_ring(*ROLES)


def _until(entry: Entry, moment: datetime) -> Entry:
    """The entry, listed no longer than until `moment`."""
    if entry.listed_until is not None and entry.listed_until <= moment:
        return entry
    return replace(entry, listed_until=moment)


def _new(role: str, now: datetime, *, signs_from: datetime | None) -> Entry:
    key = SigningKey.generate()
    file = f"{role}-{now:%Y%m%d}-{key.public.keyid[:8]}.pem"
    make: Callable[[], bytes] = key.to_pem
    files.make_once(Path(settings.SIGNING_KEYS) / file, make)
    return Entry(key.public, file, signs_from)


def _keep(changed: Ring) -> Ring:
    """The private key is on the disk before the ring names it, and the keeper's ring before everybody's."""
    ring.keep(changed, Path(settings.SIGNING_KEYS))
    tell_public_keys()
    return changed


def _said(entry: Entry) -> str:
    return f"{entry.signs_from:%Y-%m-%d %H:%M} UTC" if entry.signs_from else "an unknown time"
