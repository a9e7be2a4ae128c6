"""Is the database's tree the one that the signer's own files know? Asked before anything is added to it."""

from collections.abc import Iterator
from contextlib import contextmanager

from portal.core.log.files import LogFiles
from portal.core.log.proofs import newest_checkpoint
from portal.core.log.refusals import Behind, HeadLost, HeadUnknown, KeyUnlisted, LogRefused, Rewritten
from portal.core.log.signing import read_head, unlisted_head
from portal.core.log.stored import Head, head_at, log_size, tiles
from portal.core.models import LogCheckpoint
from weights_vault.sealed.errors import SealedError

_AT_ONCE = 65_536  # hashes read from the file together


@contextmanager
def contradictions() -> Iterator[None]:
    """Let tiles and heads that cannot be read be contradictions, too. Raises: Rewritten."""
    try:
        yield
    except SealedError as error:
        raise Rewritten(str(error)) from error


@contradictions()
def agree(files: LogFiles) -> Head | None:
    """Return the newest head that was ever signed, None before the first: the database grew out of it.

    Costs a few tiles and the entries that were journaled but not signed; of a database that was put back, the
    hashes of all that it still has, once. The caller holds the log's lock.
    Raises: LogRefused.
    """
    signed = signed_head(files)
    known = max(files.size(), signed.size if signed else 0)
    size = log_size()
    if size < known:
        _prefix(files, size)
        raise Behind(head_at(size), known, known - size)
    if signed is not None:
        _same_root(signed)
    first = signed.size if signed else 0
    _same_leaves(files, first, known)
    return signed


def signed_head(files: LogFiles) -> Head | None:
    """Return the head in the signer's file; None where nothing was ever signed.

    Raises: HeadLost, HeadUnknown, KeyUnlisted.
    """
    note, row = files.checkpoint(), newest_checkpoint()
    if note is None:
        if row is not None:
            raise HeadLost(files.folder, "there is none")
        return None
    try:
        signed = read_head(note)
    except SealedError as error:
        if (head := unlisted_head(note)) is not None:
            raise KeyUnlisted(head.size) from error
        raise HeadLost(files.folder, str(error)) from error
    if row is not None and row.size > signed.size:
        raise _newer(row, signed)
    return signed


def _newer(row: LogCheckpoint, signed: Head) -> LogRefused:
    """Why the database has a larger head than the folder: another signer made it, or nobody did."""
    try:
        read_head(row.note)
    except SealedError:
        return Rewritten(f"its checkpoint of {row.size} entries was not signed by this log's key")
    return HeadUnknown(f"{row.size} entries", f"{signed.size}")


def known_leaves(files: LogFiles, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield position and hash of the entries start to end - 1, as far as the file of hashes goes."""
    for begin in range(start, end, _AT_ONCE):
        yield from enumerate(files.leaves(begin, min(end, begin + _AT_ONCE)), begin)


def _same_root(signed: Head) -> None:
    if head_at(signed.size).root != signed.root:
        raise Rewritten(f"its first {signed.size} entries have another root than was signed")


def _same_leaves(files: LogFiles, start: int, end: int) -> None:
    stored = tiles()
    for position, leaf in known_leaves(files, start, end):
        if stored.subtree(0, position) != leaf:
            raise Rewritten(f"entry {position} was journaled as another one")


def _prefix(files: LogFiles, size: int) -> None:
    """A database that was put back holds the beginning of what the files know; else it was rewritten, too."""
    if size <= files.size() and files.root(size) != head_at(size).root:
        raise Rewritten(f"its {size} entries are fewer than were signed, and not the first ones of them")
