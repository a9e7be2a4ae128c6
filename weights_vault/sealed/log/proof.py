"""Proofs: one file that shows, offline, that an event stands in the log (C2SP tlog-proof).

Specification: docs/reference/audit-log.md, section 9.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..canonical import Json, dumps, loads_strict
from ..errors import LogMalformed, LogTampered, Malformed
from .checkpoint import Checkpoint, open_checkpoint, parse_hash, parse_number
from .entry import ENTRY_KEYS, SALT_SIZE, commit, entry_bytes
from .note import NoteVerifier, decode_base64
from .tree import leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF_SIZE = 4_194_304  # characters
MAX_HASHES = 63

_MAX_DEPTH = 16
_MAX_ITEMS = 65_536


@dataclass(frozen=True)
class Proof:
    """A proof as written; nothing in it is verified. hashes: the leaf's sibling first."""

    position: int
    hashes: tuple[bytes, ...]
    note: str
    extra: bytes


@dataclass(frozen=True)
class VerifiedEntry:
    """An event that stands in the log.

    entry: the fields of section 3. disclosed: field -> the value behind its commitment.
    position: of its leaf, from 0. signed_by: names of the known keys under the checkpoint, the log's and the
    witnesses'. witnesses: names of the witnesses alone.
    """

    entry: dict[str, Any]
    disclosed: dict[str, Any]
    position: int
    checkpoint: Checkpoint
    signed_by: tuple[str, ...]
    witnesses: tuple[str, ...]


def format_extra(event: Mapping[str, object], disclosed: Mapping[str, tuple[bytes, object]]) -> bytes:
    """Return what a proof carries of its entry. disclosed: field -> salt and value, those that stand.

    Raises: LogMalformed: a reader would refuse it, as far too long or too deeply nested.
    """
    entry = json.loads(entry_bytes(event))
    shown = {
        field: {"salt": base64.b64encode(salt).decode("ascii"), "value": value}
        for field, (salt, value) in disclosed.items()
    }
    extra = dumps({"entry": entry, "disclosed": shown})
    _read_extra(extra)
    return extra


def format_proof(position: int, hashes: Sequence[bytes], checkpoint_note: str, extra: bytes) -> str:
    """Return the proof file. hashes: of `inclusion_proof`. extra: of `format_extra`."""
    lines = [
        HEADER,
        f"extra {base64.b64encode(extra).decode('ascii')}",
        f"index {position}",
        *(base64.b64encode(each).decode("ascii") for each in hashes),
    ]
    return "\n".join(lines) + "\n\n" + checkpoint_note


def parse_proof(text: str) -> Proof:
    """Return the parts of a proof file. Raises: LogMalformed."""
    if len(text) > MAX_PROOF_SIZE:
        raise LogMalformed(f"a proof has at most {MAX_PROOF_SIZE} characters", reference="log-proof-size")
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != HEADER:
        raise LogMalformed("this is not a proof of the log", reference="log-proof")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index ") or len(lines) > 1 + MAX_HASHES:
        raise LogMalformed("this is not a proof of the log", reference="log-proof")
    position = parse_number(lines.pop(0).removeprefix("index "))
    return Proof(position, tuple(map(parse_hash, lines)), note, extra)


def verify_proof(text: str, verifiers: Sequence[NoteVerifier], origin: str | None = None) -> VerifiedEntry:
    """Return the event that a proof shows to stand in the log.

    verifiers: keys of the log and of the witnesses that are known. origin: the log that is meant; None: any
        that `verifiers` has a key of.
    Raises: LogMalformed; LogTampered; WrongSubject: of another log.
    Source: docs/reference/audit-log.md, section 9.
    """
    proof = parse_proof(text)
    opened = open_checkpoint(proof.note, verifiers, origin)
    entry, shown = _read_extra(proof.extra)
    leaf = leaf_hash(entry_bytes(entry))
    checkpoint = opened.checkpoint
    verify_inclusion(leaf, proof.position, checkpoint.size, proof.hashes, checkpoint.root)
    disclosed = {field: _disclosed(entry["data"], field, item) for field, item in shown.items()}
    by, witnesses = tuple(opened.note.by), tuple(opened.note.witnesses)
    return VerifiedEntry(entry, disclosed, proof.position, checkpoint, by, witnesses)


def _read_extra(extra: bytes) -> tuple[dict[str, Any], dict[str, Json]]:
    """Return the entry and what is disclosed, unverified. Only canonical bytes: one content has one file."""
    try:
        value = loads_strict(extra, max_bytes=MAX_PROOF_SIZE, max_depth=_MAX_DEPTH, max_items=_MAX_ITEMS)
    except Malformed as error:
        raise LogMalformed(f"the entry of the proof: {error}", reference=error.reference) from None
    if not isinstance(value, dict) or value.keys() != {"entry", "disclosed"} or dumps(value) != extra:
        raise LogMalformed("the proof does not carry its entry", reference="log-proof-entry")
    entry, shown = value["entry"], value["disclosed"]
    if (
        not isinstance(entry, dict)
        or entry.keys() != ENTRY_KEYS
        or entry_bytes({**entry, "v": 1}) != dumps(entry)
        or not isinstance(entry["data"], dict)
        or not isinstance(shown, dict)
    ):
        raise LogMalformed("the proof does not carry an entry of this log", reference="log-proof-entry")
    return entry, shown


def _disclosed(data: dict[str, Json], field: str, item: Json) -> Json:
    """Return a value whose commitment stands in the entry."""
    if not isinstance(item, dict) or item.keys() != {"salt", "value"} or not isinstance(item["salt"], str):
        raise LogMalformed("something disclosed has no salt and value", reference="log-disclosure")
    salt = decode_base64(item["salt"])
    if len(salt) != SALT_SIZE:
        raise LogMalformed(f"a salt has {SALT_SIZE} bytes", reference="log-disclosure")
    if data.get(field) != {"commitment": commit(salt, field, item["value"])}:
        raise LogTampered(
            f"what is disclosed as {field} is not what the log committed to", reference="log-disclosure"
        )
    return item["value"]
