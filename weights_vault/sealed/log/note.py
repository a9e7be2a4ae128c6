"""Signed notes: a text, and lines of signatures under it (C2SP signed-note; witnesses: tlog-cosignature).

Invariant: a note's text is given out only after a trusted key's signature over it held.

Specification: docs/reference/audit-log.md, section 7.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..errors import LogMalformed, LogTampered, SignatureInvalid
from ..signing import PUBLIC_KEY_SIZE, SIGNATURE_SIZE, PublicKey, SigningKey

LOG_SIGNATURE = 0x01  # Ed25519 over the text
COSIGNATURE = 0x04  # Ed25519 over a time and the text, by a witness
MAX_NOTE_SIZE = 65_536  # bytes
MAX_SIGNATURES = 64

_DASH = "— "
_KEY_ID_SIZE = 4
_COSIGNATURE_SIZE = 8 + SIGNATURE_SIZE


@dataclass(frozen=True)
class NoteVerifier:
    """A key that verifies lines of notes. name: without spaces and plus. kind: LOG_SIGNATURE, COSIGNATURE."""

    name: str
    key: PublicKey
    kind: int = LOG_SIGNATURE

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.kind not in (LOG_SIGNATURE, COSIGNATURE):
            raise LogMalformed("the log's keys are of kind 1 or 4", reference="log-key-kind")

    @classmethod
    def from_text(cls, vkey: str) -> NoteVerifier:
        """Return the verifier of `<name>+<key id>+<base64 of kind and key>`.

        Raises: LogMalformed; KeyMalformed, KeyUnsuitable: the key in it is none that proves anything.
        """
        name, _, rest = vkey.partition("+")
        written_id, plus, encoded = rest.partition("+")
        if not plus:
            raise LogMalformed("a key of the log has three parts with + between them", reference="log-key")
        raw = decode_base64(encoded)
        if len(raw) != 1 + PUBLIC_KEY_SIZE:
            raise LogMalformed("a key of the log is an Ed25519 key", reference="log-key")
        verifier = cls(name, PublicKey(raw[1:]), raw[0])
        if verifier.key_id.hex() != written_id:
            raise LogMalformed("a key of the log does not fit its own id", reference="log-key-id")
        return verifier

    @property
    def key_id(self) -> bytes:
        """Four bytes that say, with the name, which line is this key's. No proof of anything."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.key.raw
        return hashlib.sha256(named).digest()[:_KEY_ID_SIZE]

    @property
    def text(self) -> str:
        """The vkey: what `from_text` reads."""
        material = base64.b64encode(bytes([self.kind]) + self.key.raw).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{material}"

    def verify(self, signature: bytes, text: str) -> datetime | None:
        """Return when a witness signed, None for the log's own signature.

        signature: the line's bytes after the key id. Raises: LogTampered.
        """
        signed_at, signed = None, text.encode()
        if self.kind == COSIGNATURE:
            signed_at, signature, signed = _open_cosignature(signature, text)
        try:
            self.key.verify(signature, signed)
        except SignatureInvalid:
            raise LogTampered(
                f"the signature of {self.name} does not fit", reference="log-signature"
            ) from None
        return signed_at


@dataclass(frozen=True)
class NoteSigner:
    """A key that signs notes as the log does. name: without spaces and plus."""

    name: str
    key: SigningKey

    @property
    def verifier(self) -> NoteVerifier:
        return NoteVerifier(self.name, self.key.public)

    def line(self, text: str) -> str:
        """Return the signature line over `text`, with its newline."""
        return _line(self.verifier, self.key.sign(text.encode()))


@dataclass(frozen=True)
class Signed:
    """One signature that held. at: when, where the signer is a witness."""

    verifier: NoteVerifier
    at: datetime | None


@dataclass(frozen=True)
class OpenedNote:
    """The text of a note and the signatures of known keys, in the note's order."""

    text: str
    signatures: tuple[Signed, ...]

    @property
    def by(self) -> list[str]:
        """Names of the keys that signed, each once."""
        return list(dict.fromkeys(each.verifier.name for each in self.signatures))

    @property
    def witnesses(self) -> list[str]:
        """Names of the witnesses that cosigned, each once: two keys of one witness are one witness."""
        return list(
            dict.fromkeys(each.verifier.name for each in self.signatures if each.verifier.kind == COSIGNATURE)
        )


def sign(text: str, signers: Sequence[NoteSigner]) -> str:
    """Return the note of `text` signed by each of `signers`. text: ends with a newline."""
    if not signers or _text_fault(text):
        raise RuntimeError("a note is a text of whole lines, signed by somebody")
    return text + "\n" + "".join(signer.line(text) for signer in signers)


def cosignature(note: str, name: str, key: SigningKey, now: datetime) -> str:
    """Return the line by which witness `name` says that it saw this checkpoint at `now`, with its newline.

    The caller has verified the note and that it grew out of all that the witness signed before.
    Raises: LogMalformed: not a note.
    """
    text, _ = split_note(note)
    timestamp = int(now.astimezone(UTC).timestamp())
    signature = struct.pack(">Q", timestamp) + key.sign(_cosigned(timestamp, text))
    return _line(NoteVerifier(name, key.public, COSIGNATURE), signature)


def cosign(note: str, name: str, key: SigningKey, now: datetime) -> str:
    """Return the note with the line of `cosignature` after the others. Raises: LogMalformed."""
    return note + cosignature(note, name, key, now)


def open_note(note: str, verifiers: Sequence[NoteVerifier]) -> OpenedNote:
    """Return the text of a note that at least one of `verifiers` signed.

    Signatures of other keys are ignored; one of these that does not fit refuses it all.
    Raises: LogMalformed: not a note; LogTampered: a signature does not fit, or no known key signed.
    Source: docs/reference/audit-log.md, section 7.
    """
    text, lines = split_note(note)
    known = {(each.name, each.key_id): each for each in verifiers}
    held = [
        Signed(known[name, key_id], known[name, key_id].verify(signature, text))
        for name, key_id, signature in lines
        if (name, key_id) in known
    ]
    if not held:
        raise LogTampered("no known key signed this note", reference="log-not-signed")
    return OpenedNote(text, tuple(dict.fromkeys(held)))


def split_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Return the unverified text and signatures (name, key id, signature) of a note. Raises: LogMalformed."""
    text, blank, signatures = note.rpartition("\n\n")
    text += "\n"
    # A size in characters bounds the one in bytes from below: what is far too long is not encoded first.
    if len(note) > MAX_NOTE_SIZE or len(_encoded(note)) > MAX_NOTE_SIZE:
        raise LogMalformed(f"a note has at most {MAX_NOTE_SIZE} bytes", reference="log-note-size")
    if not blank or not signatures.endswith("\n") or _text_fault(note):
        raise LogMalformed("this is not a signed note", reference="log-note")
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise LogMalformed(f"a note has at most {MAX_SIGNATURES} signatures", reference="log-note-size")
    return text, [_read_line(line) for line in lines]


def check_name(name: str) -> str:
    """Return a key's name. Raises: LogMalformed: empty, or with a space, a plus or a control character."""
    if not name or "+" in name or any(each.isspace() or each < " " for each in name):
        raise LogMalformed("a key's name has no spaces and no plus", reference="log-key-name")
    _encoded(name)
    return name


def decode_base64(text: str) -> bytes:
    """Canonical, padded standard base64: one content has one text. Raises: LogMalformed."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise LogMalformed("there is base64 that cannot be read", reference="log-base64") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise LogMalformed("there is base64 that is not canonical", reference="log-base64")
    return data


def _line(verifier: NoteVerifier, signature: bytes) -> str:
    encoded = base64.b64encode(verifier.key_id + signature).decode("ascii")
    return f"{_DASH}{verifier.name} {encoded}\n"


def _read_line(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise LogMalformed("a line under a note is no signature", reference="log-note")
    signature = decode_base64(encoded)
    if len(signature) <= _KEY_ID_SIZE:
        raise LogMalformed("a signature under a note is empty", reference="log-note")
    return check_name(name), signature[:_KEY_ID_SIZE], signature[_KEY_ID_SIZE:]


def _open_cosignature(signature: bytes, text: str) -> tuple[datetime, bytes, bytes]:
    """Return the time, the Ed25519 signature and what it signs."""
    if len(signature) != _COSIGNATURE_SIZE:
        raise LogTampered("a witness's signature has another size", reference="log-signature")
    (timestamp,) = struct.unpack(">Q", signature[:8])
    try:
        signed_at = datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError, OSError):
        raise LogTampered("a witness signed at no time there is", reference="log-signature") from None
    return signed_at, signature[8:], _cosigned(timestamp, text)


def _cosigned(timestamp: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def _text_fault(text: str) -> bool:
    """Whether a note cannot hold this: no newline at its end, or control characters."""
    return not text.endswith("\n") or any(each < " " and each != "\n" for each in text)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise LogMalformed("a note is UTF-8", reference="log-note") from None
