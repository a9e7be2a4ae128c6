"""Growth: one file that shows that a later checkpoint grew out of an earlier one.

It is the body that C2SP tlog-witness sends to a witness: the old size, the hashes, the later checkpoint.

Specification: docs/reference/audit-log.md, section 10.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import LogMalformed, LogTampered
from .checkpoint import Checkpoint, OpenedCheckpoint, open_checkpoint, parse_hash, parse_number
from .note import MAX_NOTE_SIZE, NoteVerifier
from .proof import MAX_HASHES
from .tree import verify_consistency

GROWTH = "old "  # how the file begins
MAX_GROWTH_SIZE = MAX_NOTE_SIZE + 4_096  # characters


@dataclass(frozen=True)
class Growth:
    """As written; nothing in it is verified. hashes: of `consistency_proof`. note: the later checkpoint."""

    old_size: int
    hashes: tuple[bytes, ...]
    note: str


def format_growth(old_size: int, hashes: Sequence[bytes], checkpoint_note: str) -> str:
    """Return the file. hashes: of `consistency_proof(old_size, …)`. checkpoint_note: the later one."""
    lines = [f"{GROWTH}{old_size}", *(base64.b64encode(each).decode("ascii") for each in hashes)]
    return "\n".join(lines) + "\n\n" + checkpoint_note


def parse_growth(text: str) -> Growth:
    """Return the parts of the file. Raises: LogMalformed."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if len(text) > MAX_GROWTH_SIZE or len(lines) > 1 + MAX_HASHES:
        raise LogMalformed("a proof of growth is not this long", reference="log-growth")
    if not blank or not lines[0].startswith(GROWTH):
        raise LogMalformed("this is not a proof of growth", reference="log-growth")
    return Growth(parse_number(lines[0].removeprefix(GROWTH)), tuple(map(parse_hash, lines[1:])), note)


def verify_growth(text: str, older: Checkpoint, verifiers: Sequence[NoteVerifier]) -> OpenedCheckpoint:
    """Return the later checkpoint, once shown to begin with the very entries of `older`.

    Raises: LogMalformed; LogTampered; WrongSubject: of another log than `older`.
    """
    growth = parse_growth(text)
    later = open_checkpoint(growth.note, verifiers, older.origin)
    if growth.old_size != older.size:
        raise LogTampered(
            f"the proof of growth begins at {growth.old_size}, the earlier checkpoint at {older.size}",
            reference="log-growth",
        )
    new = later.checkpoint
    verify_consistency(older.size, older.root, new.size, new.root, growth.hashes)
    return later
