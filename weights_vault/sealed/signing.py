"""Signing keys (Ed25519) and signed envelopes (DSSE).

Invariant: what is parsed as a document was verified first, byte for byte as received. The trust document
alone is looked into before, to find the root key that a fingerprint names (`peek_payload`).

Specification: docs/reference/sealed-format.md, section 8.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .canonical import dumps, loads_strict
from .errors import EnvelopeMalformed, KeyMalformed, KeyUnsuitable, Malformed, SignatureInvalid
from .fields import ANYTHING, DIGEST, Fields

MAX_SIGNATURES = 8
SIGNATURE_SIZE = 64
PUBLIC_KEY_SIZE = 32

_ENVELOPE_DEPTH = 4
_ENVELOPE_ITEMS = 256
_TEXT_PREFIX = "ed25519:"
_FIELD_PRIME = 2**255 - 19
# The y coordinates of Ed25519's eight points of small order: a signature "by" such a key can fit every
# message.
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _FIELD_PRIME - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)


class PublicKey:
    """A key that verifies. Immutable, equal by its bytes."""

    def __init__(self, raw: bytes) -> None:
        """raw: PUBLIC_KEY_SIZE bytes. Raises: KeyMalformed, KeyUnsuitable (of small order)."""
        if len(raw) != PUBLIC_KEY_SIZE:
            raise KeyMalformed(f"a signing key has {PUBLIC_KEY_SIZE} bytes")
        y = int.from_bytes(raw, "little") & ((1 << 255) - 1)
        if y >= _FIELD_PRIME:
            raise KeyMalformed("the signing key is not in its canonical form")
        if y in _SMALL_ORDER_Y:
            raise KeyUnsuitable(
                "the signing key is of small order and proves nothing", reference="key-low-order"
            )
        self.raw = bytes(raw)
        self.keyid = hashlib.sha256(raw).hexdigest()
        self._key = Ed25519PublicKey.from_public_bytes(self.raw)

    @classmethod
    def from_text(cls, text: str) -> PublicKey:
        """Return the key of `ed25519:<base64>`. Raises: KeyMalformed, KeyUnsuitable."""
        if not text.startswith(_TEXT_PREFIX):
            raise KeyMalformed("a public signing key begins with ed25519:")
        return cls(_decode_base64(text[len(_TEXT_PREFIX) :], KeyMalformed))

    def __str__(self) -> str:
        return _TEXT_PREFIX + base64.b64encode(self.raw).decode("ascii")

    def verify(self, signature: bytes, data: bytes) -> None:
        """Raise SignatureInvalid unless `signature` is this key's over exactly `data`."""
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            raise SignatureInvalid(
                "the signature does not fit: the content was changed, or another key signed it"
            ) from None

    def __repr__(self) -> str:
        return f"<PublicKey {self.keyid[:16]}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)


class SigningKey:
    """A key that signs. `repr` shows nothing of it."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> SigningKey:
        """Return a new key from the system's random source."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> SigningKey:
        """Return the key of an unencrypted PKCS#8 PEM file. Raises: KeyMalformed."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise KeyMalformed("this is not an unencrypted PEM private key") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyMalformed("this private key is not Ed25519")
        return cls(key)

    def to_pem(self) -> bytes:
        """Return the PKCS#8 PEM file, unencrypted. A secret: the caller writes it 0600."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, data: bytes) -> bytes:
        """Return the SIGNATURE_SIZE bytes of this key's signature over `data`."""
        return self._key.sign(data)

    def __repr__(self) -> str:
        return f"<SigningKey {self.public.keyid[:16]}>"


@dataclass(frozen=True)
class _Envelope:
    payload_type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]  # keyid, signature


def seal_envelope(payload_type: str, payload: bytes, keys: Sequence[SigningKey]) -> bytes:
    """Return the canonical DSSE JSON of `payload`, signed by each of the distinct `keys`."""
    signed = _pre_authentication(payload_type, payload)
    signatures = [
        {"keyid": key.public.keyid, "sig": base64.b64encode(key.sign(signed)).decode("ascii")} for key in keys
    ]
    if not 1 <= len({key.public for key in keys}) == len(keys) <= MAX_SIGNATURES:
        raise RuntimeError(f"an envelope has 1 to {MAX_SIGNATURES} signatures of distinct keys")
    text = base64.b64encode(payload).decode("ascii")
    return dumps({"payload": text, "payloadType": payload_type, "signatures": signatures})


def open_envelope(
    envelope: bytes, payload_type: str, trusted: Sequence[PublicKey], *, max_bytes: int
) -> bytes:
    """Return the payload of an envelope that at least one of `trusted` signed.

    envelope: as received. max_bytes: of the envelope; more is refused unparsed.
    trusted: the keys of the role. Signatures of other keys are ignored; one of these that does not fit
        refuses it all.
    Raises: EnvelopeMalformed: not an envelope of this type; SignatureInvalid.
    Source: docs/reference/sealed-format.md, section 8.
    """
    read = _read_envelope(envelope, payload_type, max_bytes)
    signed = _pre_authentication(read.payload_type, read.payload)
    by_keyid = {key.keyid: key for key in trusted}
    verified = False
    for keyid, signature in read.signatures:
        if keyid in by_keyid:
            by_keyid[keyid].verify(signature, signed)
            verified = True
    if not verified:
        raise SignatureInvalid("no trusted key signed this", reference="signature-not-trusted")
    return read.payload


def peek_payload(envelope: bytes, payload_type: str, *, max_bytes: int) -> bytes:
    """Return the payload unverified: only to learn which key an envelope claims, before `open_envelope`."""
    return _read_envelope(envelope, payload_type, max_bytes).payload


def _read_envelope(envelope: bytes, payload_type: str, max_bytes: int) -> _Envelope:
    try:
        value = loads_strict(
            envelope, max_bytes=max_bytes, max_depth=_ENVELOPE_DEPTH, max_items=_ENVELOPE_ITEMS
        )
    except Malformed as error:
        raise EnvelopeMalformed(f"the envelope: {error}", reference=error.reference) from None
    fields = Fields(value, ("payload", "payloadType", "signatures"), EnvelopeMalformed, "the envelope")
    if fields.text("payloadType") != payload_type:
        raise EnvelopeMalformed("the envelope holds another kind of document", reference="envelope-type")
    signatures = []
    for item in fields.items("signatures", 1, MAX_SIGNATURES):
        one = Fields(item, ("keyid", "sig"), EnvelopeMalformed, "a signature")
        signature = _decode_base64(one.text("sig", ANYTHING), EnvelopeMalformed)
        if len(signature) != SIGNATURE_SIZE:
            raise EnvelopeMalformed(f"a signature has {SIGNATURE_SIZE} bytes")
        signatures.append((one.text("keyid", DIGEST), signature))
    if len({keyid for keyid, _ in signatures}) != len(signatures):
        raise EnvelopeMalformed("the envelope has two signatures of one key")
    payload = _decode_base64(fields.text("payload"), EnvelopeMalformed)
    return _Envelope(payload_type, payload, tuple(signatures))


def _pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """DSSE's PAE: the type is signed with the payload, so no document passes for another kind."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _decode_base64(text: str, error: type[Malformed]) -> bytes:
    """Canonical, padded standard base64: one content has one text."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise error("there is base64 that cannot be read") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise error("there is base64 that is not canonical")
    return data
