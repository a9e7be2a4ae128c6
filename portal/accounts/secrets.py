"""Secrets that stand in columns of the database: of second factors, and whatever else is like them.

They are encrypted by a key of their own, SECRETS_KEY, which web processes hold; the master key, which opens
weights, they do not. Each is bound to the column it belongs to, so that a text moved from one column to
another opens nothing.

Text: base64 of version (1 byte), key id (8), nonce (12), then AES-256-GCM's ciphertext and tag.
"""

import base64
import binascii
import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY_SIZE: Final = 32
_VERSION: Final = b"\x02"
_ID_SIZE: Final = 8
_NONCE_SIZE: Final = 12
_PREFIX_SIZE: Final = len(_VERSION) + _ID_SIZE + _NONCE_SIZE


class SecretRefused(Exception):
    """A secret was changed, belongs to another column, or was encrypted by a key that is not here."""


def wrap(text: str, column: str) -> str:
    """Return `text` encrypted by the first key of SECRETS_KEY.

    column: "table.column" that it will stand in; only the same opens it again.
    """
    key = keys()[0]
    nonce = secrets.token_bytes(_NONCE_SIZE)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), column.encode())
    return base64.b64encode(_VERSION + _key_id(key) + nonce + sealed).decode()


def unwrap(wrapped: str, column: str) -> str:
    """Return what `wrap` was given; any key of SECRETS_KEY will do.

    Raises: SecretRefused.
    """
    blob = _blob(wrapped)
    key = next((key for key in keys() if _key_id(key) == blob[1 : 1 + _ID_SIZE]), None)
    if key is None:
        raise SecretRefused("encrypted by a key that SECRETS_KEY does not name")
    nonce = blob[1 + _ID_SIZE : _PREFIX_SIZE]
    try:
        return AESGCM(key).decrypt(nonce, blob[_PREFIX_SIZE:], column.encode()).decode()
    except InvalidTag as error:
        raise SecretRefused("changed, or of another column") from error


def is_current(wrapped: str) -> bool:
    """True when the first key encrypted it; false asks for encrypting it again.

    Raises: SecretRefused: no secret of this form.
    """
    return _blob(wrapped)[1 : 1 + _ID_SIZE] == _key_id(keys()[0])


def _blob(wrapped: str) -> bytes:
    try:
        blob = base64.b64decode(wrapped, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SecretRefused("no base64") from error
    if len(blob) <= _PREFIX_SIZE or blob[:1] != _VERSION:
        raise SecretRefused("no secret of this form; `manage.py migrate` brings older ones into it")
    return blob


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"weights-portal secrets key id\0" + key).digest()[:_ID_SIZE]


def keys() -> list[bytes]:
    """Return the keys that SECRETS_KEY names: "env:NAME" or "file:/path", more after commas unwrap only.

    Raises: ImproperlyConfigured: none, unreadable or of the wrong size.
    """
    sources = [source.strip() for source in settings.SECRETS_KEY.split(",") if source.strip()]
    if not sources:
        raise ImproperlyConfigured(
            "SECRETS_KEY is not set. It is env:NAME or file:/path: 32 bytes in base64."
        )
    return [_read(source) for source in sources]


def _read(source: str) -> bytes:
    scheme, _, name = source.partition(":")
    if scheme not in ("env", "file") or not name:
        raise ImproperlyConfigured("SECRETS_KEY must be env:NAME or file:/path.")
    try:
        text = os.environ[name] if scheme == "env" else Path(name).read_text()
    except (KeyError, OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"SECRETS_KEY names {source}, which cannot be read.") from error
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImproperlyConfigured("SECRETS_KEY does not hold base64.") from error
    if len(key) != KEY_SIZE:
        raise ImproperlyConfigured(f"SECRETS_KEY must hold {KEY_SIZE} bytes in base64; it holds {len(key)}.")
    return key
