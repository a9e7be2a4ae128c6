"""Is the log what was signed? Reads every event again, and names the first entry that is not.

Compared are, entry by entry: the event with the hash in the signer's folder and with the tile; each tile with
the one above; and, wherever a head was signed, the root with the head. Then what lies beside the tree.
Memory stays the same however long the log is. New events may come meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from portal.core.log.beside import check_disclosed, check_recovered
from portal.core.log.entries import placed
from portal.core.log.files import LogFiles
from portal.core.log.heads import Heads
from portal.core.log.stored import locked, log_size
from portal.core.log.trace import Bad, Trace, unlike
from portal.core.log.walking import leaves
from portal.core.models import AuditEvent, LogEntry, LogPending
from weights_vault.sealed.log.note import NoteVerifier
from weights_vault.sealed.log.tiles import TILE_WIDTH
from weights_vault.sealed.log.tree import HASH_SIZE


@dataclass(frozen=True)
class Sound:
    """entries: read and good. heads: signed heads that they lead to. journaled: entries that the signer's
    folder has, too. waiting: events without a place yet. unproved: heads that they lead to, whose key
    LOG_VERIFIER does not list any more."""

    entries: int
    heads: int
    journaled: int
    waiting: int
    unproved: int = 0


def verify(
    files: LogFiles | None,
    notes: Sequence[str] = (),
    *,
    witnesses: Sequence[NoteVerifier] = (),
    processes: int | None = None,
) -> Sound:
    """Return what was found good.

    files: the signer's folder; None: this process may not read it. notes: checkpoints kept elsewhere, as a
    witness has them. witnesses: their keys; lines of theirs must fit. processes: None: two for a long log.
    Raises: Bad: the first thing that is not as it was signed.
    """
    heads, trace = Heads(files, notes, witnesses), Trace()
    heads.check(trace)
    journaled = files.size() if files is not None else 0
    _add(trace, heads, files, log_size() // TILE_WIDTH * TILE_WIDTH, processes)
    with locked():  # the end of the tree stands still while it is compared
        size = log_size()
        _add(trace, heads, files, size, 1)
        heads.finish(size)
        if journaled > size:
            raise Bad(f"the log was cut: {journaled} entries were journaled, {size} are here", size)
        trace.finish()
    _all_have_places()
    check_recovered()
    check_disclosed()
    return Sound(size, heads.compared, min(journaled, size), LogPending.objects.count(), heads.unproved)


def _add(trace: Trace, heads: Heads, files: LogFiles | None, end: int, processes: int | None) -> None:
    """Read the entries from the trace's end to `end`, comparing each. Raises: Bad."""
    for start, hashes in leaves(trace.size, end, processes):
        _compare_journal(files, start, hashes)
        _add_tiles(trace, heads, hashes)
    if trace.size != end:
        raise _hole(trace.size)


def _add_tiles(trace: Trace, heads: Heads, hashes: bytes) -> None:
    """Add leaves, a tile at a time, stopping wherever a head was signed."""
    done = 0
    while done < len(hashes):
        room = TILE_WIDTH - trace.size % TILE_WIDTH
        if trace.size < heads.size():
            room = min(room, heads.size() - trace.size)
        trace.add(hashes[done : done + room * HASH_SIZE])
        heads.check(trace)
        done += room * HASH_SIZE


def _compare_journal(files: LogFiles | None, start: int, hashes: bytes) -> None:
    if files is None:
        return
    known = b"".join(files.leaves(start, start + len(hashes) // HASH_SIZE))
    if known != hashes[: len(known)]:
        raise unlike(hashes[: len(known)], known, start, "it is not what was journaled outside the database")


def _hole(position: int) -> Bad:
    """Why there is no leaf of this position."""
    found = placed(position, position + 1)
    if not found:
        return Bad("its place was taken away", position)
    return Bad("the event was deleted", position, found[0][1])


def _all_have_places() -> None:
    """Every event has a place or waits for one, and nothing else waits. Raises: Bad."""
    place = Exists(LogEntry.objects.filter(event=OuterRef("index")))
    waits = Exists(LogPending.objects.filter(event=OuterRef("index")))
    lonely = AuditEvent.objects.filter(~place, ~waits).order_by("index").first()
    if lonely is not None:
        raise Bad("it was put into the table past the log", event=lonely.pk)
    event = Exists(AuditEvent.objects.filter(index=OuterRef("event")))
    gone = LogPending.objects.filter(~event).order_by("event").first()
    if gone is not None:
        raise Bad("it was deleted while it waited for a place", event=gone.event)
    placed_event = Exists(LogEntry.objects.filter(event=OuterRef("event")))
    twice = LogPending.objects.filter(placed_event).order_by("event").first()
    if twice is not None:
        raise Bad("it has a place and waits for another", event=twice.event)
