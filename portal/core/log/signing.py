"""Checkpoints: made, signed, kept as rows, and read back."""

from collections.abc import Sequence
from datetime import datetime

from portal.core.log.keys import verifier
from portal.core.log.stored import Head
from portal.core.models import LogCheckpoint
from weights_vault.sealed.log.checkpoint import Checkpoint, open_checkpoint
from weights_vault.sealed.log.note import NoteSigner, NoteVerifier, sign


def sign_head(head: Head, key: NoteSigner) -> str:
    """Return the signed note of a head. The caller has made sure that the log says nothing else elsewhere."""
    return sign(Checkpoint(key.name, head.size, head.root).text(), [key])


def read_head(note: str, others: Sequence[NoteVerifier] = ()) -> Head:
    """Return the head that our own key signed.

    others: keys of witnesses; a line of theirs that does not fit refuses the note.
    Raises: LogMalformed, LogTampered, WrongSubject.
    """
    known = verifier()
    checkpoint = open_checkpoint(note, [known, *others], known.name).checkpoint
    return Head(checkpoint.size, checkpoint.root)


def keep_row(head: Head, note: str, now: datetime) -> None:
    """Keep a checkpoint as a row; of one that is there, the lines of witnesses stay."""
    row, made = LogCheckpoint.objects.get_or_create(
        size=head.size, defaults={"root": head.root, "note": note, "signed_at": now}
    )
    if not made:
        row.signed_at = now
        if bytes(row.root) != head.root or not row.note.startswith(note):
            row.root, row.note = head.root, note
        row.save(update_fields=["signed_at", "root", "note"])
