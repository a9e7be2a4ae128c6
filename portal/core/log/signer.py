"""The log signer: gives places, keeps the journal, signs heads. A process of its own; it alone has LOG_KEY.

Order of one round, so that a kill at any point loses nothing and never makes two heads that contradict:
1. under the log's lock: the database's tree grew out of all that the files know; then events get places;
2. the new entries are journaled, each read again and compared with its leaf;
3. the head is made again from the last signed one and the journaled leaves, for the tiles are the database's
   alone; it is signed, and written to the file, on the disk;
4. only then it stands in the database, where everybody reads it.
"""

import math
import time
from datetime import datetime, timedelta

from portal.core.log.comparing import agree, contradictions, known_leaves
from portal.core.log.entries import placed
from portal.core.log.files import LogFiles, oldest_kept
from portal.core.log.proofs import newest_checkpoint
from portal.core.log.refusals import KeyChanged, Rewritten
from portal.core.log.sequencer import any_waits, place_batch
from portal.core.log.signing import is_by, keep_row, sign_head
from portal.core.log.stored import Head, head_at, locked, log_size, tiles
from weights_vault.sealed.log.note import NoteSigner
from weights_vault.sealed.log.tree import EMPTY_ROOT, Frontier, leaf_hash

PERIOD_S = 1.0  # between two looks for waiting events
PLACING_S = 1.0  # of a round: who writes without a pause must not keep heads from being signed
SIGNED_AGAIN = timedelta(minutes=3)  # a head that did not grow is signed again, so that silence is a sign
_AT_ONCE = 4_096  # entries journaled together


def is_idle(files: LogFiles, now: datetime) -> bool:
    """True when a round would change nothing: no event waits, and the file's head stands as a fresh row."""
    row, note = newest_checkpoint(), files.checkpoint()
    if row is None or not note:
        return False
    fresh = now - row.signed_at < SIGNED_AGAIN
    return fresh and row.note.startswith(note.rpartition("\n\n")[0]) and not any_waits()


@contradictions()
def one_round(files: LogFiles, key: NoteSigner, now: datetime, *, placing_s: float = math.inf) -> Head:
    """Give waiting events their places, and sign the tree. Returns: the signed head.

    placing_s: after so long no further batch is begun; without it, none is left waiting.
    The caller holds `files.taken()`. Raises: LogRefused: nothing was placed and nothing signed.
    """
    signed = _place(files, key, time.monotonic() + placing_s)
    head = head_at(log_size())
    _journal(files, head.size)
    _grew(files, signed, head)
    note = files.checkpoint() if signed == head else sign_head(head, key)
    if note is None:
        raise RuntimeError("a head that was signed is in the file")
    files.write_checkpoint(note)
    keep_row(head, note, now)
    files.forget(oldest_kept())
    return head


def _place(files: LogFiles, key: NoteSigner, until: float) -> Head | None:
    """Under one lock each: compare, then place. So nothing is ever added to a tree that was put back."""
    while True:
        with locked():
            signed = agree(files)
            if signed is not None and not is_by(files.checkpoint() or "", key):
                raise KeyChanged(signed.size)
            if not place_batch() or time.monotonic() >= until:
                return signed


def _journal(files: LogFiles, size: int) -> None:
    """Write the new entries to the files. Raises: Rewritten: an event is not what its leaf was made of."""
    for start in range(files.size(), size, _AT_ONCE):
        stored = tiles()
        entries = []
        stop = min(size, start + _AT_ONCE)
        for expected, (position, event, entry) in enumerate(placed(start, stop), start):
            if position != expected:
                break
            if entry is None or leaf_hash(entry) != stored.subtree(0, position):
                raise Rewritten(f"event {event}, entry {position}, is not what it was when it got its place")
            entries.append(entry)
        if start + len(entries) != stop:  # what follows would be journaled as other entries than it is
            raise Rewritten(f"the place of entry {start + len(entries)} was taken away")
        files.append(entries)


def _grew(files: LogFiles, signed: Head | None, head: Head) -> None:
    """See that the head is the last signed one and the leaves journaled since. Raises: Rewritten."""
    old = signed or Head(0, EMPTY_ROOT)
    grown = Frontier.read(old.size, tiles().subtree)
    if grown.root() != old.root:
        raise Rewritten(f"its first {old.size} entries have another root than was signed")
    grown.extend(leaf for _, leaf in known_leaves(files, grown.size, head.size))
    if Head(grown.size, grown.root()) != head:
        raise Rewritten(f"its tiles say {head}, its entries lead to {Head(grown.size, grown.root())}")
