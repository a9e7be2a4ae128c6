"""X25519 recipient keys: `age1…`, the kind that every age tool opens.

Specification: docs/reference/sealed-format.md, sections 4.2, 4.4 and 5.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from . import bech32
from .errors import HeaderMalformed, KeyMalformed, KeyUnsuitable
from .key_types import Identity, Recipient
from .stanzas import Stanza, decode_base64, encode_base64

KIND = "x25519"
KEY_SIZE = 32
RECIPIENT_PREFIX = "age"
IDENTITY_PREFIX = "AGE-SECRET-KEY-"
WRAPPED_SIZE = 32  # a file key of 16 bytes and its tag

_STANZA_KIND = "X25519"
_INFO = b"age-encryption.org/v1/X25519"
_FIELD_PRIME = 2**255 - 19
# The wrap key is used for one message only, since its ephemeral share is fresh.
_ZERO_NONCE = bytes(12)


class X25519Recipient(Recipient):
    """The public half of an X25519 key, checked when it is made: section 4.2."""

    kind = KIND
    postquantum = False

    def __init__(self, raw: bytes) -> None:
        """raw: KEY_SIZE bytes. Raises: KeyMalformed, KeyUnsuitable."""
        self._raw = raw
        self._key = check_public_key(raw)
        self._text = bech32.encode(RECIPIENT_PREFIX, raw)

    def __str__(self) -> str:
        return self._text

    def wrap(self, file_key: bytes) -> Stanza:
        """Return a stanza with `file_key` (16 bytes) sealed under a fresh share; each call gives another.

        Source: docs/reference/sealed-format.md, section 4.2.
        """
        ephemeral = X25519PrivateKey.generate()
        share = ephemeral.public_key().public_bytes_raw()
        wrap_key = _wrap_key(ephemeral.exchange(self._key), share, self._raw)
        body = ChaCha20Poly1305(wrap_key).encrypt(_ZERO_NONCE, file_key, None)
        return Stanza(_STANZA_KIND, (encode_base64(share),), body)


class X25519Identity(Identity):
    """The private half of an X25519 key."""

    kind = KIND

    def __init__(self, raw: bytes) -> None:
        """raw: KEY_SIZE secret bytes."""
        self._raw = raw
        self._key = X25519PrivateKey.from_private_bytes(raw)
        self._recipient = X25519Recipient(self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> X25519Identity:
        """Return a new identity from the system's random source."""
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @property
    def recipient(self) -> X25519Recipient:
        """The public half."""
        return self._recipient

    def to_text(self) -> str:
        """Return the `AGE-SECRET-KEY-1…` line. A secret: for the key file alone."""
        return bech32.encode(IDENTITY_PREFIX.lower(), self._raw).upper()

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """Return the 16-byte file key, or None where the stanza is of another kind or for somebody else.

        Raises: HeaderMalformed: of this kind, but with other lengths or a share of low order.
        Source: docs/reference/sealed-format.md, sections 4.2 and 4.4.
        """
        if stanza.kind != _STANZA_KIND:
            return None
        share = stanza_argument(stanza, KEY_SIZE)
        try:
            secret = self._key.exchange(X25519PublicKey.from_public_bytes(share))
        except ValueError:
            raise low_order_share() from None
        wrap_key = _wrap_key(secret, share, self._key.public_key().public_bytes_raw())
        try:
            return ChaCha20Poly1305(wrap_key).decrypt(_ZERO_NONCE, stanza.body, None)
        except InvalidTag:
            return None


def check_public_key(raw: bytes) -> X25519PublicKey:
    """Return the key if it is canonical and not of low order.

    Raises: KeyMalformed: not KEY_SIZE bytes, or a second encoding of another key.
        KeyUnsuitable: of low order: whatever is wrapped to it, anybody opens.
    """
    if len(raw) != KEY_SIZE:
        raise KeyMalformed(f"an X25519 key has {KEY_SIZE} bytes, not {len(raw)}")
    if int.from_bytes(raw, "little") >= _FIELD_PRIME:
        raise KeyMalformed("the X25519 key is not in its canonical form")
    key = X25519PublicKey.from_public_bytes(raw)
    if is_low_order(key):
        raise KeyUnsuitable("the X25519 key is of low order and protects nothing", reference="key-low-order")
    return key


def is_low_order(key: X25519PublicKey) -> bool:
    """Say whether every exchange with this key gives zero: cryptography refuses such an exchange."""
    try:
        X25519PrivateKey.generate().exchange(key)
    except ValueError:
        return True
    return False


def stanza_argument(stanza: Stanza, size: int) -> bytes:
    """Return the one argument of a recipient stanza, `size` bytes, after checking the stanza's form.

    Raises: HeaderMalformed.
    Source: docs/reference/sealed-format.md, section 4.4.
    """
    if len(stanza.arguments) != 1:
        raise HeaderMalformed(f"a stanza of kind {stanza.kind} has one argument")
    data = decode_base64(stanza.arguments[0])
    # The length of the body is checked before decryption: a longer one could fit several keys at once.
    if len(data) != size or len(stanza.body) != WRAPPED_SIZE:
        raise HeaderMalformed(f"a stanza of kind {stanza.kind} has another length")
    return data


def low_order_share() -> HeaderMalformed:
    """Return the error for a stanza whose share gives every recipient the same secret: zero.

    Source: docs/reference/sealed-format.md, section 4.4.
    """
    return HeaderMalformed("the header holds a share of low order", reference="header-low-order")


def _wrap_key(secret: bytes, share: bytes, recipient: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=share + recipient, info=_INFO).derive(secret)
