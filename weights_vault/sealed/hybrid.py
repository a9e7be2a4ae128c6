"""mlkem768x25519 recipient keys: `age1pq1…`, hybrid post-quantum, what `weights` makes by default.

Specification: docs/reference/sealed-format.md, sections 4.3, 4.4 and 5.
"""

from __future__ import annotations

import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from . import bech32
from .errors import KeyMalformed, KeyUnsuitable
from .key_types import Identity, Recipient
from .stanzas import Stanza, encode_base64
from .x25519 import KEY_SIZE, check_public_key, is_low_order, low_order_share, stanza_argument

KIND = "mlkem768x25519"
RECIPIENT_PREFIX = "age1pq"
IDENTITY_PREFIX = "AGE-SECRET-KEY-PQ-"
SEED_SIZE = 32

_INFO = b"age-encryption.org/mlkem768x25519"
_MLKEM_KEY_SIZE = 1184
_MLKEM_SEED_SIZE = 64
_MLKEM_CIPHERTEXT_SIZE = 1088
_ENCAPSULATED_SIZE = _MLKEM_CIPHERTEXT_SIZE + KEY_SIZE
_SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


class HybridRecipient(Recipient):
    """The public half of a hybrid key, checked when it is made: section 4.3."""

    kind = KIND
    postquantum = True

    def __init__(self, raw: bytes) -> None:
        """raw: 1,216 bytes: ML-KEM-768 encapsulation key, X25519 key. Raises: KeyMalformed, KeyUnsuitable."""
        if len(raw) != _MLKEM_KEY_SIZE + KEY_SIZE:
            raise KeyMalformed(f"a hybrid key has {_MLKEM_KEY_SIZE + KEY_SIZE} bytes, not {len(raw)}")
        x25519_key = check_public_key(raw[_MLKEM_KEY_SIZE:])
        try:
            mlkem_key = MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_KEY_SIZE])
        except ValueError:
            raise KeyUnsuitable("the ML-KEM key is not a valid one", reference="key-mlkem-invalid") from None
        self._key = hpke.MLKEM768X25519PublicKey(mlkem_key, x25519_key)
        self._text = bech32.encode(RECIPIENT_PREFIX, raw)

    def __str__(self) -> str:
        return self._text

    def wrap(self, file_key: bytes) -> Stanza:
        """Return a stanza with `file_key` (16 bytes) sealed by HPKE to this key; each call gives another.

        Source: docs/reference/sealed-format.md, section 4.3.
        """
        sealed = _SUITE.encrypt(file_key, self._key, info=_INFO)
        share, body = sealed[:_ENCAPSULATED_SIZE], sealed[_ENCAPSULATED_SIZE:]
        return Stanza(KIND, (encode_base64(share),), body)


class HybridIdentity(Identity):
    """The private half of a hybrid key: a seed, from which both of its keys are expanded."""

    kind = KIND

    def __init__(self, seed: bytes) -> None:
        """seed: SEED_SIZE secret bytes."""
        self._seed = seed
        expanded = hashlib.shake_256(seed).digest(_MLKEM_SEED_SIZE + KEY_SIZE)
        mlkem_key = MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED_SIZE])
        x25519_key = X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED_SIZE:])
        self._key = hpke.MLKEM768X25519PrivateKey(mlkem_key, x25519_key)
        public = mlkem_key.public_key().public_bytes_raw() + x25519_key.public_key().public_bytes_raw()
        self._recipient = HybridRecipient(public)

    @classmethod
    def generate(cls) -> HybridIdentity:
        """Return a new identity, its seed from the system's random source."""
        return cls(secrets.token_bytes(SEED_SIZE))

    @property
    def recipient(self) -> HybridRecipient:
        """The public half."""
        return self._recipient

    def to_text(self) -> str:
        """Return the `AGE-SECRET-KEY-PQ-1…` line. A secret: for the key file alone."""
        return bech32.encode(IDENTITY_PREFIX.lower(), self._seed).upper()

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """Return the 16-byte file key, or None where the stanza is of another kind or for somebody else.

        Raises: HeaderMalformed: of this kind, but with other lengths or a share of low order.
        Source: docs/reference/sealed-format.md, sections 4.3 and 4.4.
        """
        if stanza.kind != KIND:
            return None
        share = stanza_argument(stanza, _ENCAPSULATED_SIZE)
        # cryptography reports a low-order share like a tag that failed; the format refuses it by name.
        if is_low_order(X25519PublicKey.from_public_bytes(share[_MLKEM_CIPHERTEXT_SIZE:])):
            raise low_order_share()
        try:
            return _SUITE.decrypt(share + stanza.body, self._key, info=_INFO)
        except InvalidTag:
            return None
