"""What wraps small secrets: the interface of a provider of the master key, and the one with a key at hand.

A blob begins with a version and eight bytes that name the key it was wrapped by; the rest is the provider's.
The context that a secret belongs to is authenticated with it, whoever the provider is.
"""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ImproperlyConfigured

from portal.core.keys.files import decode, read_text

MASTER_KEY_SIZE: Final = 32
KEY_ID_SIZE: Final = 8
LOCAL_VERSION: Final = b"\x01"
_NONCE_SIZE: Final = 12
_TAG_SIZE: Final = 16


class UnwrapRefused(Exception):
    """A wrapped key was changed, belongs to another context, or was wrapped by a key that is not here."""


class Provider(Protocol):
    """One key that wraps. mark: what its blobs begin with: a version and the id of the key.

    at_once: how many blobs it is worth unwrapping at the same time; more than 1 where each is a call.
    """

    mark: bytes
    at_once: int

    def wrap(self, key: bytes, context: str) -> bytes:
        """Return `key` encrypted, after `mark`; only the same `context` opens it again."""
        ...

    def unwrap(self, blob: bytes, context: str) -> bytes:
        """Return what `wrap` was given. blob: begins with `mark`. Raises: UnwrapRefused."""
        ...


class LocalKey:
    """A key of 32 bytes that this process holds: AES-256-GCM.

    Blob: version 1 (1 byte), key id (8), nonce (12), ciphertext and tag.
    """

    at_once = 1

    def __init__(self, key: bytes) -> None:
        if len(key) != MASTER_KEY_SIZE:
            raise ValueError(f"a master key has {MASTER_KEY_SIZE} bytes")
        self.mark = LOCAL_VERSION + key_id(b"weights-portal master key id\0" + key)
        self._cipher = AESGCM(key)

    def wrap(self, key: bytes, context: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return self.mark + nonce + self._cipher.encrypt(nonce, key, context.encode())

    def unwrap(self, blob: bytes, context: str) -> bytes:
        nonce, sealed = (
            blob[len(self.mark) : len(self.mark) + _NONCE_SIZE],
            blob[len(self.mark) + _NONCE_SIZE :],
        )
        if len(sealed) < _TAG_SIZE:
            raise UnwrapRefused("not a wrapped key")
        try:
            return self._cipher.decrypt(nonce, sealed, context.encode())
        except InvalidTag as error:
            raise UnwrapRefused("changed, or wrapped for something else") from error


def key_id(data: bytes) -> bytes:
    """The eight bytes that name a key in its blobs."""
    return hashlib.sha256(data).digest()[:KEY_ID_SIZE]


def open_provider(source: str) -> Provider:
    """The provider that one source of MASTER_KEY names.

    Raises: ImproperlyConfigured: missing, unreadable or of the wrong size.
    """
    scheme, _, name = source.partition(":")
    if scheme == "aws-kms":
        from portal.core.keys.kms import kms_key  # boto3 takes 0.1 s to import

        return kms_key(name)
    if scheme == "env":
        text = os.environ.get(name, "")
        if not text:
            raise ImproperlyConfigured(f"MASTER_KEY names the environment variable {name}, which is not set.")
    elif scheme == "file":
        text = read_text(Path(name), "MASTER_KEY")
    else:
        raise ImproperlyConfigured("MASTER_KEY must be env:NAME or file:/path or aws-kms:KEY_ID.")
    return LocalKey(decode(text, MASTER_KEY_SIZE, "MASTER_KEY"))
