"""What is written of each batch: one entry, and the running sum of its grant and revision.

Called in the transaction of what it records, with the grant's row locked by the access rule: an entry stands
exactly where its batch left the portal.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from weights_vault.ledger import filesets
from weights_vault.ledger.origins import origin_of
from weights_vault.models import File, Holding, LedgerEntry, Revision

Kind = LedgerEntry.Kind
# What a client's word says besides itself: a download is complete once all its parts were checked against
# their signed digests and opened, and only what was checked is opened.
REPORTED = {
    Kind.COMPLETED: ("completed_at", "verified_at", "opened_at"),
    Kind.VERIFIED: ("completed_at", "verified_at"),
    Kind.OPENED: ("completed_at", "verified_at", "opened_at"),
}


def ordinals_of(revision_id: str) -> dict[str, int]:
    """File id → its number in the manifest of the revision, from 0."""
    listed = sorted(File.objects.filter(revision=revision_id).values_list("path", "pk"))
    return {file: ordinal for ordinal, (_, file) in enumerate(listed)}


def add(
    kind: Kind,
    *,
    grant: str,
    person: str,
    revision: Revision,
    now: datetime,
    address: str = "",
    files: Sequence[str] = (),
    digests: Sequence[bytes] = (),
    whole: bool = True,
    **fields: Any,
) -> LedgerEntry:
    """Append one entry and bring the running sum up to it.

    person: public id. files: ids of files of `revision`. digests: of headers, SHA-256, one a file in the same
    order. address: of the caller; "" where there is none. whole: a report is of all files of the revision.
    fields: further columns of the entry.
    Raises: RuntimeError: no transaction is open.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a ledger entry outside the transaction of what it records")
    holding = _holding(grant, person, revision, now)
    ordinals = ordinals_of(revision.pk) if files else {}
    numbers = [ordinals[file] for file in files]
    by_number = sorted(zip(numbers, digests, strict=True)) if digests else []
    entry = LedgerEntry.objects.create(
        **{
            "kind": kind,
            "grant": grant,
            "person": person,
            "revision": revision.pk,
            "files": filesets.pack(numbers),
            "count": len(numbers),
            "digests": b"".join(digest for _, digest in by_number),
            "origin": origin_of(grant=grant, address=address, now=now),
            "at": now,
            **fields,
        }
    )
    _sum_up(holding, entry, whole)
    return entry


def _holding(grant: str, person: str, revision: Revision, now: datetime) -> Holding:
    """The running sum, locked first of all that an entry touches: so no two wait for each other."""
    fresh = {"release": revision.release.slug, "person": person, "first_at": now, "last_at": now}
    return Holding.objects.select_for_update().get_or_create(
        grant=grant, revision=revision.pk, defaults=fresh
    )[0]


def _sum_up(holding: Holding, entry: LedgerEntry, whole: bool) -> None:
    changed = {"last_at", "stirred"}
    holding.last_at, holding.stirred = max(holding.last_at, entry.at), True
    if entry.kind == Kind.HEADERS:
        holding.files = filesets.union(holding.files, entry.files)
        holding.file_count = filesets.size(holding.files)
        changed |= {"files", "file_count"}
    for column in REPORTED.get(Kind(entry.kind), ()):
        # Complete once, and never by a part of the files; verified again and again.
        if column != "completed_at" or (whole and holding.completed_at is None):
            setattr(holding, column, entry.at)
            changed.add(column)
    holding.save(update_fields=changed)
