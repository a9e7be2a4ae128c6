"""Age test vectors: their form, and what our code makes of one.

The form is that of C2SP/CCTV: lines of `key: value`, an empty line, an age file (perhaps compressed with
zlib). One vector, one failure or one success.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

from weights_vault.sealed import age, body, keys
from weights_vault.sealed.errors import (
    HeaderMalformed,
    HeaderNotForYou,
    HeaderTampered,
    Malformed,
    PartTampered,
)

OWN_VECTORS = Path(__file__).parent / "age"


@dataclass(frozen=True)
class Vector:
    """expect: "success", "no match", "HMAC failure", "header failure" or "payload failure".

    payload: SHA-256 in hex of what is given out, before a failure too. unsupported: passphrases, ASCII armor.
    """

    name: str
    expect: str
    payload: str
    identities: tuple[str, ...]
    unsupported: bool
    file: bytes


@dataclass(frozen=True)
class Outcome:
    """What opening gave: in the words of `Vector.expect`, and every byte that was given out."""

    what: str
    released: bytes

    def fits(self, vector: Vector) -> bool:
        """Nothing given out fits a failure too: a reader that knows the length fails earlier."""
        if self.what != vector.expect:
            return False
        digest = hashlib.sha256(self.released).hexdigest()
        return digest == vector.payload or (self.what != "success" and not self.released)


def read_vector(path: Path) -> Vector:
    return parse_vector(path.name, path.read_bytes())


def parse_vector(name: str, content: bytes) -> Vector:
    head, _, data = content.partition(b"\n\n")
    pairs = [line.split(": ", 1) for line in head.decode("utf-8").splitlines()]
    fields = dict(pairs)
    return Vector(
        name=name,
        expect=fields["expect"],
        payload=fields.get("payload", ""),
        identities=tuple(value for key, value in pairs if key == "identity"),
        unsupported="passphrase" in fields or "armored" in fields,
        file=zlib.decompress(data) if fields.get("compressed") == "zlib" else data,
    )


def open_vector(vector: Vector) -> Outcome:
    identities = [keys.parse_identity(text) for text in vector.identities]
    try:
        opened = age.read_header(vector.file, identities)
    except HeaderNotForYou:
        return Outcome("no match", b"")
    except HeaderTampered:
        return Outcome("HMAC failure", b"")
    except HeaderMalformed:
        return Outcome("header failure", b"")
    sealed = vector.file[opened.size :]
    if len(sealed) < body.NONCE_SIZE:
        # The vectors count the nonce with the header; ours stands in the manifest and at the front of the
        # body.
        return Outcome("header failure", b"")
    return _open_body(opened.file_key, sealed)


def _open_body(file_key: bytes, sealed: bytes) -> Outcome:
    """Part by part, as a download does: a part's plaintext is given out once all of its tags hold."""
    released = bytearray()
    try:
        plain_size = body.plain_size_of(len(sealed))
        opener = body.BodyOpener(file_key, sealed[: body.NONCE_SIZE], plain_size)
        for index in range(body.part_count(plain_size)):
            where = body.part_range(index, plain_size)
            part = bytearray(where.plain_size)
            opener.open_part(index, sealed[where.body_start : where.body_end], part)
            released += part
    except (Malformed, PartTampered):
        return Outcome("payload failure", bytes(released))
    return Outcome("success", bytes(released))
