"""A small log in memory, with its key and a witness."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from weights_vault.sealed.log.checkpoint import Checkpoint
from weights_vault.sealed.log.entry import commit, entry_bytes
from weights_vault.sealed.log.note import COSIGNATURE, NoteSigner, NoteVerifier, cosign, sign
from weights_vault.sealed.log.proof import format_extra, format_proof
from weights_vault.sealed.log.tiles import Tiles, append
from weights_vault.sealed.log.tree import Frontier, inclusion_proof, leaf_hash
from weights_vault.sealed.signing import SigningKey

ORIGIN = "portal.example.org/log"
WITNESS = "witness.example/w1"
NOW = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
SALT = bytes(range(16))
REASON = "Not a research use; see “Purpose”."

LOG = NoteSigner(ORIGIN, SigningKey.generate())
WITNESS_KEY = SigningKey.generate()
WITNESS_VERIFIER = NoteVerifier(WITNESS, WITNESS_KEY.public, COSIGNATURE)
VERIFIERS = [LOG.verifier, WITNESS_VERIFIER]


def event(number: int) -> dict[str, object]:
    return {
        "event": number,
        "at": NOW + timedelta(seconds=number),
        "kind": "request.rejected",
        "by": "usr_a1",
        "subject": f"request:req_{number}",
        "data": {"version": 2, "reason": {"commitment": commit(SALT, "reason", REASON)}},
    }


class Stored:
    """Tiles in a dictionary, and every leaf that went into them."""

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.leaves: list[bytes] = []
        self.grow(leaves)

    def read(self, level: int, index: int) -> bytes:
        return self.tiles.get((level, index), b"")

    def grow(self, leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
        changed = append(len(self.leaves), leaves, self.read)
        self.tiles |= changed
        self.leaves += leaves
        return changed

    def subtree(self, level: int, index: int) -> bytes:
        return Tiles(self.read).subtree(level, index)


def log_of(size: int) -> Stored:
    return Stored([leaf_hash(entry_bytes(event(number))) for number in range(size)])


def note_of(stored: Stored, size: int | None = None, *, witnessed: bool = True) -> str:
    frontier = Frontier()
    frontier.extend(stored.leaves[:size])
    note = sign(Checkpoint(ORIGIN, frontier.size, frontier.root()).text(), [LOG])
    return cosign(note, WITNESS, WITNESS_KEY, NOW) if witnessed else note


def proof_of(stored: Stored, position: int, *, witnessed: bool = True, shown: bool = True) -> str:
    size = len(stored.leaves)
    extra = format_extra(event(position), {"reason": (SALT, REASON)} if shown else {})
    hashes = inclusion_proof(position, size, stored.subtree)
    return format_proof(position, hashes, note_of(stored, witnessed=witnessed), extra)
