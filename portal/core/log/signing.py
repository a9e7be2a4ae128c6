"""Checkpoints: made, signed, kept as rows, and read back."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from portal.core.log.keys import verifiers
from portal.core.log.stored import Head
from portal.core.models import LogCheckpoint
from weights_vault.sealed.errors import LogMalformed, SealedError
from weights_vault.sealed.log.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from weights_vault.sealed.log.note import NoteSigner, NoteVerifier, open_note, sign, split_note


def sign_head(head: Head, key: NoteSigner) -> str:
    """Return the signed note of a head. The caller has made sure that the log says nothing else elsewhere."""
    return sign(Checkpoint(key.name, head.size, head.root).text(), [key])


def read_head(note: str, others: Sequence[NoteVerifier] = ()) -> Head:
    """Return the head that a key of ours signed, the one in use or one before it.

    others: keys of witnesses; a line of theirs that does not fit refuses the note.
    Raises: LogMalformed, LogTampered, WrongSubject.
    """
    known = verifiers()
    checkpoint = open_checkpoint(note, [*known, *others], known[0].name).checkpoint
    return Head(checkpoint.size, checkpoint.root)


def unlisted_head(note: str) -> Head | None:
    """Return what a note of this log says that none of the listed keys signed; None of any other note.

    It proves nothing: a key that was taken out of LOG_VERIFIER may have signed it, or nobody.
    """
    known = verifiers()
    try:
        text, lines = split_note(note)
        checkpoint = parse_checkpoint(text)
    except SealedError:
        return None
    listed = {(each.name, each.key_id) for each in known}
    if checkpoint.origin != known[0].name or any((name, key_id) in listed for name, key_id, _ in lines):
        return None
    return Head(checkpoint.size, checkpoint.root)


def sign_too(note: str, key: NoteSigner) -> str:
    """Return the note with the line of one more key of ours, after the others. Raises: LogMalformed."""
    text, _ = split_note(note)
    return note + key.line(text)


def is_by(note: str, key: NoteSigner) -> bool:
    """True when, of our keys, this one signed a note last: nobody has replaced it since."""
    try:
        _, lines = split_note(note)
    except LogMalformed:
        return False
    ours = [key_id for name, key_id, _ in lines if name == key.name]
    return bool(ours) and ours[-1] == key.verifier.key_id


@transaction.atomic
def keep_row(head: Head, note: str, now: datetime) -> None:
    """Keep a checkpoint as a row; of one that is there, the lines of witnesses stay."""
    row, made = LogCheckpoint.objects.select_for_update().get_or_create(
        size=head.size, defaults={"root": head.root, "note": note, "signed_at": now}
    )
    if not made:
        row.signed_at = now
        if bytes(row.root) != head.root or not row.note.startswith(note):
            row.root, row.note = head.root, _with_witnesses(note, row.note)
        row.save(update_fields=["signed_at", "root", "note"])


def _with_witnesses(note: str, before: str) -> str:
    """The note, with what others signed under the one whose place it takes, where both say the same."""
    text, _, lines = before.rpartition("\n\n")
    if not note.startswith(f"{text}\n\n"):
        return note
    ours = f"— {text.partition(chr(10))[0]} "
    theirs = [line for line in lines.splitlines(keepends=True) if not line.startswith(ours)]
    try:
        open_note(note + "".join(theirs), verifiers())
    except SealedError:
        return note
    return note + "".join(theirs)
