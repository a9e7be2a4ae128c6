"""What to do when the database lost entries that the journal holds: hold what they took away, then take them
over (J3).

Nothing signed is ever taken back: the lost entries keep their positions, with the very bytes that were
hashed, so the tree goes on from its last signed head and an event says what happened to it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from portal.core import audit, events
from portal.core.log.comparing import contradictions, signed_head
from portal.core.log.entries import entries_of
from portal.core.log.files import LogFiles
from portal.core.log.proofs import newest_checkpoint
from portal.core.log.refusals import HeadLost, HeadUnknown, KeyUnlisted, LogRefused, Rewritten
from portal.core.log.sequencer import write_tiles
from portal.core.log.signing import read_head, unlisted_head
from portal.core.log.stored import Head, head_at, locked, log_size
from portal.core.models import LogEntry, LogPending, LogRecovered
from weights_vault.sealed.log.tree import leaf_hash

_AT_ONCE = 1_000


@dataclass(frozen=True)
class Lost:
    """An event that this database does not know any more. fields: of its entry, as audit.record had them."""

    position: int
    fields: dict[str, Any]


@dataclass(frozen=True)
class EventsLost:
    """A backup was restored, and these events are later than it. What they took away must stay away.

    Handlers look at the kinds they know; they may be told of the same events again.
    """

    lost: tuple[Lost, ...]
    now: datetime


HELD: Final = "held"
AGAIN: Final = "do again"
_marks: dict[str, str] = {}


def register(held: Iterable[str] = (), again: Iterable[str] = ()) -> None:
    """Say what becomes of lost events of these kinds: their handler holds them, or a person does them again.

    Each app does, of the events that took something away.
    """
    _marks.update(dict.fromkeys(again, AGAIN) | dict.fromkeys(held, HELD))


def mark(kind: str) -> str:
    """Return HELD or AGAIN; "" of what only gave, or is a matter of course."""
    return _marks.get(kind, "")


class NothingToTrust(LogRefused):
    code = "log-nothing-to-trust"

    def __init__(self) -> None:
        super().__init__(
            "The folder's own head can be read, or the database has none: nothing begins anew.\n"
            "→ Run: python manage.py audit verify"
        )


class NothingLost(LogRefused):
    code = "log-nothing-lost"

    def __init__(self) -> None:
        super().__init__("Nothing is lost: the database has every entry of the journal. Nothing was changed.")


@dataclass(frozen=True)
class Adopted:
    """before: the database's head. after: the one with the lost entries. count: how many they were."""

    before: Head
    after: Head
    count: int


class JournalGone(LogRefused):
    code = "log-journal-gone"

    def __init__(self, position: int) -> None:
        super().__init__(
            f"The journal does not hold entry {position} any more: the lost entries cannot be taken over.\n"
            "→ Restore a newer backup, or put the journal's files back into LOG_CHECKPOINTS."
        )


def lost_events(files: LogFiles) -> list[Lost]:
    """Return the journaled events that the database has lost, oldest first."""
    return [Lost(position, json.loads(entry)) for position, entry in _lost_entries(files, log_size())]


def hold_lost(files: LogFiles, now: datetime) -> int:
    """Keep the lost entries as rows, and tell the apps of those that are new to this database, in one
    transaction. Returns: how many were new.
    """
    if _all_held(files):
        return 0  # the signer asks every few seconds; without the lock, which keeps others from writing
    with locked():
        known = set(LogRecovered.objects.values_list("position", flat=True))
        new = [item for item in _lost_entries(files, log_size()) if item[0] not in known]
        LogRecovered.objects.bulk_create(
            (LogRecovered(position=position, entry=entry, at=now) for position, entry in new), _AT_ONCE
        )
        gone = [
            item for start in range(0, len(new), _AT_ONCE) for item in _gone(new[start : start + _AT_ONCE])
        ]
        if gone:
            # All at once: of a grant that was suspended and resumed, what counts is the last.
            events.publish(EventsLost(tuple(gone), now))
    return len(new)


@contradictions()
def adopt(files: LogFiles, *, by: str, reason: str, now: datetime) -> Adopted:
    """Give the lost entries their positions back and record who decided it, in one transaction.

    The caller holds `files.taken()`. by: the operator's name. An entry that is an event of this database,
    written before the backup and placed after it, is placed as that event.
    Raises: LogRefused: there is nothing to adopt, the journal has holes, or does not lead to the signed head.
    """
    with locked():
        before, signed = head_at(log_size()), signed_head(files)
        if before.size >= max(files.size(), signed.size if signed else 0):
            raise NothingLost
        entries = [entry for _, entry in _lost_entries(files, before.size, whole=True)]
        for start in range(0, len(entries), _AT_ONCE):
            _place(before.size + start, entries[start : start + _AT_ONCE], now)
        if signed is not None and head_at(signed.size).root != signed.root:
            raise Rewritten("with the lost entries, it does not lead to the head that was signed")
        after = head_at(log_size())
        _record(before, after, signed, by=by, reason=reason, now=now)
    return Adopted(before, after, len(entries))


@contradictions()
def trust_database(files: LogFiles, *, by: str, reason: str, now: datetime) -> Head:
    """Begin the folder anew from the newest head in the database, where the folder itself is gone for good.

    What was signed after that head, if anything was, is forgotten: so an event says who decided it. The
    caller holds `files.taken()`. by: the operator's name.
    Raises: LogRefused: the folder has a head that can be read; or the database's is not signed by our key, or
        not the root of its own entries.
    """
    row = newest_checkpoint()
    if row is None or _readable(files):
        raise NothingToTrust
    if unlisted_head(row.note) is not None:
        raise KeyUnlisted(row.size)
    with locked():
        head = read_head(row.note)
        if log_size() < head.size or head_at(head.size).root != head.root:
            raise Rewritten(f"its entries are not those of its own signed head of {head.size}")
        audit.record(
            "log.folder_renewed",
            by="system:operator",
            subject="log:entries",
            now=now,
            private={"decided_by": by, "reason": reason},
            signed={"size": head.size, "root": head.root.hex()},
        )
    files.write_checkpoint(row.note)
    return head


def _readable(files: LogFiles) -> bool:
    try:
        return signed_head(files) is not None
    except HeadUnknown:
        return True
    except HeadLost:
        return False


def _all_held(files: LogFiles) -> bool:
    size = log_size()
    return LogRecovered.objects.filter(position__gte=size).count() == files.size() - size


def _lost_entries(files: LogFiles, size: int, *, whole: bool = False) -> list[tuple[int, bytes]]:
    found = list(files.entries(size))
    if whole:
        for expected, (position, _) in enumerate(found, size):
            if position != expected:
                raise JournalGone(expected)
        if size + len(found) < files.size():
            raise JournalGone(size + len(found))
    return found


def _gone(items: list[tuple[int, bytes]]) -> list[Lost]:
    """Those of the lost entries whose events are gone, too: one that was written before the backup is not."""
    lost = [(Lost(position, json.loads(entry)), entry) for position, entry in items]
    known = entries_of([each.fields["event"] for each, _ in lost])
    return [each for each, entry in lost if known.get(each.fields["event"]) != entry]


def _place(start: int, entries: list[bytes], now: datetime) -> None:
    numbers = [json.loads(entry)["event"] for entry in entries]
    still_here = entries_of(numbers)
    rows, kept = [], []
    for position, (number, entry) in enumerate(zip(numbers, entries, strict=True), start):
        if still_here.get(number) == entry:
            rows.append(LogEntry(position=position, event=number))
        else:
            rows.append(LogEntry(position=position, event=-1 - position))
            kept.append(LogRecovered(position=position, entry=entry, at=now))
    write_tiles(start, [leaf_hash(entry) for entry in entries])
    LogEntry.objects.bulk_create(rows)
    LogRecovered.objects.bulk_create(kept, ignore_conflicts=True)
    LogPending.objects.filter(event__in=[row.event for row in rows if row.event >= 0]).delete()


def _record(before: Head, after: Head, signed: Head | None, *, by: str, reason: str, now: datetime) -> None:
    """The explicit event: it names both heads and whoever decided, and is an entry like any other."""
    with transaction.atomic():
        audit.record(
            "log.repaired",
            by="system:operator",
            subject="log:entries",
            now=now,
            private={"decided_by": by, "reason": reason},
            restored={"size": before.size, "root": before.root.hex()},
            signed={"size": signed.size, "root": signed.root.hex()} if signed else None,
            adopted={"size": after.size, "root": after.root.hex()},
            entries=after.size - before.size,
        )
