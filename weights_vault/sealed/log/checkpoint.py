"""Checkpoints: what the log says of itself, in a signed note (C2SP tlog-checkpoint).

Specification: docs/reference/audit-log.md, section 8.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import LogMalformed, LogTampered, WrongSubject
from .note import LOG_SIGNATURE, NoteVerifier, OpenedNote, decode_base64, open_note
from .tree import EMPTY_ROOT, HASH_SIZE, MAX_SIZE

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """The head of a tree. origin: the log's name. size: entries. root: HASH_SIZE bytes.

    extensions: further lines, which mean nothing here but are signed with the rest.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the lines that are signed. Raises: RuntimeError: no checkpoint can say this."""
        root = base64.b64encode(self.root).decode("ascii")
        text = "".join(f"{line}\n" for line in (self.origin, self.size, root, *self.extensions))
        try:
            if parse_checkpoint(text) == self:
                return text
        except LogMalformed as error:
            raise RuntimeError(f"no checkpoint: {error}") from None
        raise RuntimeError("no checkpoint: it would read as another one")


@dataclass(frozen=True)
class OpenedCheckpoint:
    """A checkpoint whose note its own log signed. note: the opened note, with the witnesses."""

    checkpoint: Checkpoint
    note: OpenedNote


def parse_checkpoint(text: str) -> Checkpoint:
    """Return what the text of a note says about a tree; nothing about whether anybody signed it.

    Raises: LogMalformed. Source: docs/reference/audit-log.md, section 8.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines):
        raise LogMalformed("a checkpoint has three lines or more, none of them empty")
    origin, size, root, *extensions = lines
    checkpoint = Checkpoint(origin, parse_number(size), parse_hash(root), tuple(extensions))
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise LogMalformed("a checkpoint of no entries has the root of an empty tree")
    return checkpoint


def open_checkpoint(
    note: str, verifiers: Sequence[NoteVerifier], origin: str | None = None
) -> OpenedCheckpoint:
    """Return the checkpoint of a note that its log signed.

    verifiers: keys of logs and of witnesses. The key of a log is named as the log's origin; a witness's
        signature alone makes no checkpoint.
    origin: the log that is meant; None: any that `verifiers` has a key of.
    Raises: LogMalformed; LogTampered; WrongSubject: of another log.
    """
    opened = open_note(note, verifiers)
    checkpoint = parse_checkpoint(opened.text)
    if origin is not None and checkpoint.origin != origin:
        raise WrongSubject("the checkpoint is of another log", reference="log-wrong-origin")
    if not any(
        each.verifier.kind == LOG_SIGNATURE and each.verifier.name == checkpoint.origin
        for each in opened.signatures
    ):
        raise LogTampered("no key of the log itself signed this checkpoint", reference="log-not-signed")
    return OpenedCheckpoint(checkpoint, opened)


def parse_number(text: str) -> int:
    """Return a count or position as notes write it: decimal, no zeroes before. Raises: LogMalformed."""
    if not _NUMBER.fullmatch(text) or int(text) > MAX_SIZE:
        raise LogMalformed("a number of the log is not written as one")
    return int(text)


def parse_hash(text: str) -> bytes:
    """Return the HASH_SIZE bytes of a line of base64. Raises: LogMalformed."""
    hash_ = decode_base64(text)
    if len(hash_) != HASH_SIZE:
        raise LogMalformed(f"a hash of the log has {HASH_SIZE} bytes")
    return hash_
