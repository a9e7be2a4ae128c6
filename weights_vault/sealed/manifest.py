"""Manifests: the publisher's signed word on what a revision is.

Invariant: what `sign_manifest` signs, `open_manifest` opens to an equal manifest: the writer reads back its
own bytes before it signs, so a portal never publishes what its clients refuse.

Specification: docs/reference/sealed-format.md, sections 9 and 10.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from .manifest_json import read_statement, write_statement
from .manifest_types import FILE_KINDS, Manifest, ManifestFile, PartDigests, Tensor
from .paths import check_path
from .signing import PublicKey, SigningKey, open_envelope, seal_envelope

__all__ = [
    "FILE_KINDS",
    "MANIFEST_TYPE",
    "MAX_MANIFEST_SIZE",
    "Manifest",
    "ManifestFile",
    "PartDigests",
    "Tensor",
    "check_path",
    "decode_manifest",
    "encode_manifest",
    "envelope_digest",
    "open_manifest",
    "sign_manifest",
]

MAX_MANIFEST_SIZE = 32 * 2**20  # bytes of the envelope
MANIFEST_TYPE = "application/vnd.in-toto+json"


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the canonical in-toto statement of a manifest: what is signed.

    Raises: ManifestMalformed: a reader would refuse it.
    """
    payload = write_statement(manifest)
    read_statement(payload)
    return payload


def decode_manifest(payload: bytes) -> Manifest:
    """Return the manifest of a statement whose signature the caller has verified.

    Raises: ManifestMalformed.
    Source: docs/reference/sealed-format.md, section 9.
    """
    return read_statement(payload)


def sign_manifest(manifest: Manifest, key: SigningKey) -> bytes:
    """Return the envelope of a manifest, signed by the publisher's `manifest` key.

    Raises: ManifestMalformed: a reader would refuse it.
    """
    return seal_envelope(MANIFEST_TYPE, encode_manifest(manifest), [key])


def open_manifest(envelope: bytes, trusted: Sequence[PublicKey]) -> Manifest:
    """Return the manifest that one of the `trusted` keys signed.

    envelope: as received, at most MAX_MANIFEST_SIZE bytes; the caller has compared its digest with the
        head's.
    Raises: EnvelopeMalformed, SignatureInvalid, ManifestMalformed.
    Source: docs/reference/sealed-format.md, sections 8, 9 and 14.
    """
    return decode_manifest(open_envelope(envelope, MANIFEST_TYPE, trusted, max_bytes=MAX_MANIFEST_SIZE))


def envelope_digest(envelope: bytes) -> str:
    """Return the SHA-256 in hex of an envelope's bytes as received: what heads and `previous` name."""
    return hashlib.sha256(envelope).hexdigest()
