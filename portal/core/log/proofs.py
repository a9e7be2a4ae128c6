"""Proofs from the stored tree, as files that verify offline: of one event, and of growth.

Format: docs/reference/audit-log.md, sections 9 and 10.
"""

from typing import Final

from portal.core.log.entries import COLUMNS, Row, entry_of
from portal.core.log.stored import tiles, tiles_towards
from portal.core.models import AuditDisclosure, AuditEvent, LogCheckpoint, LogEntry
from portal.core.problems import Unavailable
from weights_vault.sealed.canonical import loads_strict
from weights_vault.sealed.log.growth import format_growth
from weights_vault.sealed.log.proof import MAX_PROOF_SIZE, format_extra, format_proof
from weights_vault.sealed.log.tree import consistency_proof, inclusion_proof

ENDING: Final = ".tlog-proof"
SOON_S: Final = 5
_DEPTH: Final = 16


def file_name(event: int) -> str:
    """Return what a proof of the event is called where it is kept."""
    return f"event-{event}{ENDING}"


def not_signed_yet() -> Unavailable:
    """Return the refusal of what no checkpoint reaches as far as yet."""
    said = "This is not in a signed checkpoint of the log yet."
    return Unavailable("proof_not_ready", said, retry_after_s=SOON_S)


def newest_checkpoint() -> LogCheckpoint | None:
    """Return the last signed head, None before the first."""
    return LogCheckpoint.objects.order_by("-size").first()


def proof_of(event: int, *, disclosing: bool = True) -> str | None:
    """Return the proof that an event stands in the log, with what is still disclosed of it.

    event: its index. disclosing: false for a reader from whom its private values are withheld.
    Returns: the text of a C2SP tlog-proof; None where the event has no place yet, or no checkpoint reaches
    as far: that is a matter of seconds while the signer runs.
    Raises: LogMalformed: the stored tree has holes.
    """
    place = LogEntry.objects.filter(event=event).values_list("position", flat=True).first()
    head = newest_checkpoint()
    row = AuditEvent.objects.filter(index=event).values_list(*COLUMNS).first()
    if place is None or row is None or head is None or head.size <= place:
        return None
    hashes = inclusion_proof(place, head.size, tiles_towards(place, head.size).subtree)
    return format_proof(place, hashes, head.note, _extra(row, disclosing))


def consistency(old: int, new: int | None = None) -> str | None:
    """Return the proof that the checkpoint of `new` entries grew out of that of `old`.

    old: entries, 0 to new. new: the size of a checkpoint; None: of the newest.
    Returns: the text of docs/reference/audit-log.md, section 10; None where there is no such checkpoint.
    Raises: LogMalformed: the stored tree has holes.
    """
    head = newest_checkpoint() if new is None else LogCheckpoint.objects.filter(size=new).first()
    if head is None or not 0 <= old <= head.size:
        return None
    return format_growth(old, consistency_proof(old, head.size, tiles().subtree), head.note)


def _extra(row: Row, disclosing: bool) -> bytes:
    entry = loads_strict(entry_of(row), max_bytes=MAX_PROOF_SIZE, max_depth=_DEPTH, max_items=MAX_PROOF_SIZE)
    rows = AuditDisclosure.objects.filter(event=row[0]).values_list("field", "salt", "value")
    shown = {field: (bytes(salt), value) for field, salt, value in rows} if disclosing else {}
    if not isinstance(entry, dict):
        raise RuntimeError("an entry is an object")
    return format_extra(entry, shown)
