"""Which signing keys sign now, and which recipients are told of.

The private keys are files of the folder SIGNING_KEYS, which the keeper alone can read. Other processes have
SIGNING_KEYS empty and read the public ones from the folder PUBLIC_KEYS, where the keeper puts them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from portal.core.keys import ring
from portal.core.keys.ring import Entry, Ring
from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.signing import PublicKey, SigningKey
from weights_vault.sealed.trust import ROLES, fingerprint

SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def holds_private_keys() -> bool:
    """Whether this process is one that signs."""
    return bool(settings.SIGNING_KEYS)


def signing_key(role: str, now: datetime | None = None) -> SigningKey:
    """Return the private key that signs for one of the four roles: root, manifest, head, countersign.

    Raises: ImproperlyConfigured: there is no readable key of this role in the folder SIGNING_KEYS.
    """
    return _private(role, private_ring(_known(role)).signing(role, now or timezone.now()))


def root_signers(now: datetime | None = None) -> list[SigningKey]:
    """Return the root keys that sign the trust document: the current one, and those it is taking over from.

    Raises: ImproperlyConfigured.
    """
    return [_private("root", entry) for entry in private_ring("root").listed("root", now or timezone.now())]


@dataclass(frozen=True)
class Told:
    """The public keys that recipients are told of. keys: by role, the one that signs now first."""

    keys: Mapping[str, tuple[PublicKey, ...]]
    next_root: PublicKey | None


def told_keys(now: datetime) -> Told:
    """Return what a trust document says of keys now, by one reading of them. Raises: ImproperlyConfigured."""
    found = known_ring(*ROLES)
    coming = found.announced("root", now)
    listed = {role: tuple(entry.public for entry in found.listed(role, now)) for role in ROLES}
    return Told(listed, coming.public if coming is not None else None)


def public_keys(role: str, now: datetime | None = None) -> tuple[PublicKey, ...]:
    """Return the public keys that stand for `role` in the trust document, the one that signs now first.

    Raises: ImproperlyConfigured: neither folder has them.
    """
    return tuple(entry.public for entry in known_ring(_known(role)).listed(role, now or timezone.now()))


def next_root(now: datetime | None = None) -> PublicKey | None:
    """Return the root key that is announced to take over, if one is."""
    entry = known_ring("root").announced("root", now or timezone.now())
    return entry.public if entry is not None else None


def root_fingerprint() -> str:
    """Return the fingerprint that recipients pin: of the root key, in the form made for people."""
    return fingerprint(public_keys("root")[0])


def known_ring(*roles: str) -> Ring:
    """The signing keys of these roles, and perhaps of others. Raises: ImproperlyConfigured."""
    if holds_private_keys():
        return private_ring(*roles)
    found = ring.load(Path(settings.PUBLIC_KEYS), "PUBLIC_KEYS")
    if found is None:
        raise ImproperlyConfigured(
            f"PUBLIC_KEYS: {settings.PUBLIC_KEYS} holds no {ring.RING}. The keeper puts it there when it "
            "starts: manage.py keeper"
        )
    return found


def private_ring(*roles: str) -> Ring:
    """The ring of SIGNING_KEYS; of a folder that has none, ROLE.pem of each of `roles`, which signs for good.

    Raises: ImproperlyConfigured.
    """
    if not holds_private_keys():
        raise ImproperlyConfigured(
            "SIGNING_KEYS is not set. Only the keeper has the signing keys: run what needs them as the "
            "keeper's user, with the keeper's environment."
        )
    folder = Path(settings.SIGNING_KEYS)
    return ring.load(folder, "SIGNING_KEYS") or Ring({role: (_first(role),) for role in roles})


def tell_public_keys() -> None:
    """Put the list of public keys where every process can read it. Raises: OSError, ImproperlyConfigured."""
    folder = Path(settings.PUBLIC_KEYS)
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o700 if settings.EMBEDDED else 0o755)  # whatever the umask, which is the keeper's
    # Of the embedded settings every process has one owner, and what they make is that owner's alone.
    ring.keep(private_ring(*ROLES), folder, mode=0o600 if settings.EMBEDDED else 0o644)


def _first(role: str) -> Entry:
    file = f"{role}.pem"
    return Entry(_read(role, file).public, file, SINCE_EVER)


def _private(role: str, entry: Entry) -> SigningKey:
    key = _read(role, entry.file)
    if key.public != entry.public:
        raise ImproperlyConfigured(f"SIGNING_KEYS: {entry.file} is not the key that {ring.RING} names.")
    return key


def _read(role: str, file: str) -> SigningKey:
    path = Path(settings.SIGNING_KEYS) / file
    try:
        return SigningKey.from_pem(path.read_bytes())
    except OSError as error:
        raise ImproperlyConfigured(
            f"SIGNING_KEYS: {path} cannot be read ({error.strerror}). Each of the roles {', '.join(ROLES)} "
            "needs an Ed25519 key in this folder: openssl genpkey -algorithm ed25519 -out ROLE.pem"
        ) from error
    except SealedError as error:
        raise ImproperlyConfigured(f"SIGNING_KEYS: {path}: {error}") from error


def _known(role: str) -> str:
    if role not in ROLES:
        raise RuntimeError(f"there is no signing role {role!r}")
    return role
