"""The portal's own keys: the master key, four signing keys, the keys of delivery URLs.

None of them is ever in the database. The embedded settings make them at first start; elsewhere a missing
one is an error that names its setting.
"""

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from weights_vault.sealed.signing import PublicKey, SigningKey
from weights_vault.sealed.trust import ROLES, fingerprint

MASTER_KEY_SIZE = 32
DELIVERY_KEY_SIZE = 32
_BLOB_VERSION = b"\x01"
_KEY_ID_SIZE = 8
_NONCE_SIZE = 12
_TAG_SIZE = 16
_PREFIX_SIZE = len(_BLOB_VERSION) + _KEY_ID_SIZE + _NONCE_SIZE


class UnwrapRefused(Exception):
    """A wrapped key was changed, belongs to another context, or was wrapped by a key that is not here."""


class MasterKey:
    """Wraps small secrets with AES-256-GCM; the context they belong to is authenticated with them.

    The first key wraps; the others, kept while a rotation runs, only unwrap.
    Blob: version (1 byte), key id (8), nonce (12), ciphertext and tag.
    """

    def __init__(self, *keys: bytes) -> None:
        if not keys or any(len(key) != MASTER_KEY_SIZE for key in keys):
            raise ValueError(f"a master key has {MASTER_KEY_SIZE} bytes")
        self._current = _key_id(keys[0])
        self._ciphers = {_key_id(key): AESGCM(key) for key in keys}

    def __repr__(self) -> str:
        return f"<MasterKey {self._current.hex()}>"

    def wrap(self, key: bytes, context: str) -> bytes:
        """Return `key` encrypted; only the same `context` opens it again."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        sealed = self._ciphers[self._current].encrypt(nonce, key, context.encode())
        return _BLOB_VERSION + self._current + nonce + sealed

    def unwrap(self, blob: bytes, context: str) -> bytes:
        """Return what `wrap` was given.

        Raises: UnwrapRefused: the blob was changed, is of another context or of an unknown key.
        """
        blob = bytes(blob)
        if len(blob) < _PREFIX_SIZE + _TAG_SIZE or blob[:1] != _BLOB_VERSION:
            raise UnwrapRefused("not a wrapped key")
        cipher = self._ciphers.get(blob[1 : 1 + _KEY_ID_SIZE])
        if cipher is None:
            raise UnwrapRefused("wrapped by a master key that is not configured")
        nonce = blob[1 + _KEY_ID_SIZE : _PREFIX_SIZE]
        try:
            return cipher.decrypt(nonce, blob[_PREFIX_SIZE:], context.encode())
        except InvalidTag as error:
            raise UnwrapRefused("changed, or wrapped for something else") from error

    def is_current(self, blob: bytes) -> bool:
        """True when `blob` was wrapped by the key that wraps now; false asks for wrapping it again."""
        return bytes(blob)[1 : 1 + _KEY_ID_SIZE] == self._current


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"weights-portal master key id\0" + key).digest()[:_KEY_ID_SIZE]


def master_key() -> MasterKey:
    """Return the master key that MASTER_KEY names: "env:NAME" or "file:/path"; more after commas unwrap only.

    Raises: ImproperlyConfigured: missing, unreadable or of the wrong size.
    """
    sources = [source.strip() for source in settings.MASTER_KEY.split(",") if source.strip()]
    if not sources:
        raise ImproperlyConfigured("MASTER_KEY is not set. It is env:NAME or file:/path: 32 bytes in base64.")
    return MasterKey(*(_read_master_key(source) for source in sources))


def _read_master_key(source: str) -> bytes:
    scheme, _, name = source.partition(":")
    if scheme == "env":
        text = os.environ.get(name, "")
        if not text:
            raise ImproperlyConfigured(f"MASTER_KEY names the environment variable {name}, which is not set.")
    elif scheme == "file":
        text = _read_text(Path(name), "MASTER_KEY")
    else:
        raise ImproperlyConfigured("MASTER_KEY must be env:NAME or file:/path.")
    return _decode(text, MASTER_KEY_SIZE, "MASTER_KEY")


def signing_key(role: str) -> SigningKey:
    """Return the private key of one of the four roles: root, manifest, head, countersign.

    Raises: ImproperlyConfigured: there is no readable key of this role in the folder SIGNING_KEYS.
    """
    if role not in ROLES:
        raise RuntimeError(f"there is no signing role {role!r}")
    path = Path(settings.SIGNING_KEYS) / f"{role}.pem"
    try:
        return SigningKey.from_pem(path.read_bytes())
    except OSError as error:
        raise ImproperlyConfigured(
            f"SIGNING_KEYS: {path} cannot be read ({error.strerror}). Each of the roles {', '.join(ROLES)} "
            "needs an Ed25519 key in this folder: openssl genpkey -algorithm ed25519 -out ROLE.pem"
        ) from error


def public_keys(role: str) -> tuple[PublicKey, ...]:
    """Return the public keys that stand for `role` in the trust document."""
    return (signing_key(role).public,)


def root_fingerprint() -> str:
    """Return the fingerprint that recipients pin: of the root key, in the form made for people."""
    return fingerprint(signing_key("root").public)


def delivery_keys() -> Mapping[str, bytes]:
    """Return the HMAC keys of delivery URLs by id; the first signs new ones, all are accepted.

    Raises: ImproperlyConfigured: DELIVERY_KEYS is missing or malformed.
    """
    text = settings.DELIVERY_KEYS
    if text.startswith("file:"):
        text = _read_text(Path(text.removeprefix("file:")), "DELIVERY_KEYS")
    keys: dict[str, bytes] = {}
    for item in filter(None, (item.strip() for item in text.split(","))):
        identifier, _, encoded = item.partition(":")
        if not identifier.isalnum() or identifier in keys:
            raise ImproperlyConfigured(
                "DELIVERY_KEYS: each key needs an id of its own, of letters and digits."
            )
        keys[identifier] = _decode(encoded, DELIVERY_KEY_SIZE, "DELIVERY_KEYS")
    if not keys:
        raise ImproperlyConfigured("DELIVERY_KEYS is empty. It is id:base64[,id:base64] or file:/path.")
    return keys


def _read_text(path: Path, setting: str) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise ImproperlyConfigured(f"{setting}: {path} cannot be read ({error.strerror}).") from error


def _decode(text: str, size: int, setting: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise ImproperlyConfigured(f"{setting} does not hold base64.") from error
    if len(key) != size:
        raise ImproperlyConfigured(f"{setting} must hold {size} bytes in base64; it holds {len(key)}.")
    return key


def ensure_embedded_keys() -> None:
    """Make the keys of the embedded settings that are not there yet; safe when two processes start at once.

    Files are 0600 in folders 0700. Nothing that exists is touched.
    """
    for role in ROLES:
        make_once(Path(settings.SIGNING_KEYS) / f"{role}.pem", lambda: SigningKey.generate().to_pem())
    make_once(
        Path(settings.MASTER_KEY.removeprefix("file:")),
        lambda: base64.b64encode(secrets.token_bytes(MASTER_KEY_SIZE)),
    )
    make_once(
        Path(settings.SECRETS_KEY.removeprefix("file:")),  # portal/accounts/secrets.py reads it
        lambda: base64.b64encode(secrets.token_bytes(32)),
    )
    make_once(
        Path(settings.DELIVERY_KEYS.removeprefix("file:")),
        lambda: b"d1:" + base64.b64encode(secrets.token_bytes(DELIVERY_KEY_SIZE)),
    )


def make_once(path: Path, make: Callable[[], bytes]) -> None:
    """Write what `make` returns to a file, 0600 in a folder 0700, unless it is there; two at once agree."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.chmod(0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        # A link appears whole or not at all: no process ever reads half a key or replaces one.
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()
