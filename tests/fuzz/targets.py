"""What is fuzzed (S5): each reader of the sealed format, genuine inputs, and what may never be accepted.

A check calls its reader with any bytes. The reader may refuse with a SealedError; what it accepts must mean
what it says. A false accept is an AssertionError; any other exception is a crash of the reader.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tests.unit.sealed.build import NOW, head, manifest, signing_keys, trust_document
from tests.unit.sealed.log import small_log
from weights_vault.sealed import canonical, keys, stanzas
from weights_vault.sealed.errors import SealedError
from weights_vault.sealed.header import GrantLabel, make_header, open_header
from weights_vault.sealed.log.checkpoint import open_checkpoint, parse_checkpoint
from weights_vault.sealed.log.growth import format_growth, parse_growth, verify_growth
from weights_vault.sealed.log.note import NoteVerifier, open_note, split_note
from weights_vault.sealed.log.proof import format_proof, parse_proof, verify_proof
from weights_vault.sealed.log.tree import consistency_proof
from weights_vault.sealed.manifest import decode_manifest, encode_manifest, open_manifest, sign_manifest
from weights_vault.sealed.tensors import read_tensor_header
from weights_vault.sealed.trust import open_head, open_trust, sign_head, sign_trust

T = TypeVar("T")
SIGNERS = signing_keys()
TRUST = trust_document(SIGNERS)
IDENTITIES = [keys.generate_identity("x25519"), keys.generate_identity("mlkem768x25519")]
LABEL = GrantLabel("grt_1", "rev_1", "fil_1")
FILE_KEY = bytes(16)


@dataclass(frozen=True)
class Target:
    """name: of the reader. seeds: inputs it accepts. check: raises when something is wrong."""

    name: str
    seeds: tuple[bytes, ...]
    check: Callable[[bytes], bool]

    def takes(self, data: bytes) -> bool:
        """Whether the reader accepts these bytes. Raises: AssertionError: it should not have."""
        return self.check(data)


def _read(reader: Callable[[], T]) -> T | None:
    try:
        return reader()
    except SealedError:
        return None


def _statement(data: bytes) -> bool:
    read = _read(lambda: decode_manifest(data))
    assert read is None or canonical.dumps(json.loads(data)) == encode_manifest(read)
    return read is not None


def _manifest_envelope(data: bytes) -> bool:
    read = _read(lambda: open_manifest(data, [SIGNERS["manifest"].public]))
    assert read in (None, manifest())
    return read is not None


def _trust_envelope(data: bytes) -> bool:
    read = _read(
        lambda: open_trust(data, pinned=None, minimum_sequence=0, portal=TRUST.portal, now=NOW),
    )
    # Without a pin any well-formed document that its own root signed is somebody's trust.
    assert read is None or read.portal == TRUST.portal
    return read is not None


def _head_envelope(data: bytes) -> bool:
    read = _read(lambda: open_head(data, TRUST, release=head().release, minimum_sequence=0, now=NOW))
    assert read in (None, head())
    return read is not None


def _header(data: bytes) -> bool:
    parsed = _read(lambda: stanzas.parse_header(data))
    if parsed is not None:
        written = stanzas.write_stanzas(parsed.stanzas) + stanzas.write_mac_line(parsed.mac)
        assert written == data[: parsed.size]
    opened = _read(lambda: open_header(data, IDENTITIES, LABEL))
    assert opened is None or (data in HEADERS and opened == FILE_KEY)
    return opened is not None


def _tensor_header(data: bytes) -> bool:
    index = _read(lambda: read_tensor_header(data, len(data)))
    if index is not None:
        assert sum(span.end - span.start for span in index.tensors) == len(data) - index.header_size
    return index is not None


def _key_text(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogateescape")
    recipient = _read(lambda: keys.parse_recipient(text))
    assert recipient is None or str(recipient) == text.strip()
    identity = _read(lambda: keys.parse_identity(text))
    assert identity is None or identity.to_text() == text.strip()
    return recipient is not None or identity is not None


def _note(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogateescape")
    split = _read(lambda: split_note(text))
    assert split is None or text.startswith(split[0] + "\n— ")
    opened = _read(lambda: open_note(text, small_log.VERIFIERS))
    assert opened is None or opened.text == CHECKPOINT
    return opened is not None


def _checkpoint(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogateescape")
    body = text.split("\n\n")[0] + "\n"
    read = _read(lambda: parse_checkpoint(body))
    assert read is None or read.text() == body
    opened = _read(lambda: open_checkpoint(text, small_log.VERIFIERS))
    assert opened is None or (opened.checkpoint == read and body == CHECKPOINT)
    return opened is not None


def _log_key(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogateescape")
    read = _read(lambda: NoteVerifier.from_text(text))
    assert read is None or read.text == text
    return read is not None


def _proof(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogateescape")
    read = _read(lambda: parse_proof(text))
    if read is not None and read.extra:
        assert format_proof(read.position, read.hashes, read.note, read.extra) == text
    shown = _read(lambda: verify_proof(text, small_log.VERIFIERS))
    assert shown is None or (shown.entry["event"], shown.position) == (PROVED, PROVED)
    assert shown is None or shown.disclosed in ({}, {"reason": small_log.REASON})
    return shown is not None


def _growth(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogateescape")
    read = _read(lambda: parse_growth(text))
    assert read is None or format_growth(read.old_size, read.hashes, read.note) == text
    later = _read(lambda: verify_growth(text, OLDER, small_log.VERIFIERS))
    assert later is None or later.note.text == CHECKPOINT
    return later is not None


PROVED = 4
LOG = small_log.log_of(9)
NOTE = small_log.note_of(LOG)
CHECKPOINT = NOTE.split("\n\n")[0] + "\n"
OLDER = open_checkpoint(small_log.note_of(LOG, 5), small_log.VERIFIERS).checkpoint
GROWTH = format_growth(5, consistency_proof(5, 9, LOG.subtree), NOTE)
HEADERS = tuple(make_header(FILE_KEY, identity.recipient, LABEL) for identity in IDENTITIES)
_INDEX = b'{"a":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}}'

TARGETS = (
    Target("manifest", (encode_manifest(manifest()),), _statement),
    Target("envelope", (sign_manifest(manifest(), SIGNERS["manifest"]),), _manifest_envelope),
    Target("trust", (sign_trust(TRUST, SIGNERS["root"]),), _trust_envelope),
    Target("head", (sign_head(head(), SIGNERS["head"]),), _head_envelope),
    Target("header", HEADERS, _header),
    Target("tensors", (struct.pack("<Q", len(_INDEX)) + _INDEX + bytes(12),), _tensor_header),
    Target(
        "keys",
        tuple(text.encode() for each in IDENTITIES for text in (str(each.recipient), each.to_text())),
        _key_text,
    ),
    Target("note", (NOTE.encode(),), _note),
    Target("checkpoint", (small_log.note_of(LOG, witnessed=False).encode(),), _checkpoint),
    Target("log-key", tuple(each.text.encode() for each in small_log.VERIFIERS), _log_key),
    Target("proof", (small_log.proof_of(LOG, PROVED).encode(),), _proof),
    Target("growth", (GROWTH.encode(),), _growth),
)
