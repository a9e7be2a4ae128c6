"""The evidence: which headers a grant was given, and whom a header in hand was given to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from weights_vault.ledger import filesets
from weights_vault.ledger.writing import ordinals_of
from weights_vault.models import LedgerEntry
from weights_vault.models.ledger import DIGEST_SIZE
from weights_vault.sealed.errors import HeaderMalformed
from weights_vault.sealed.header import LABEL_KIND, GrantLabel
from weights_vault.sealed.stanzas import parse_header

HEADERS = LedgerEntry.Kind.HEADERS


@dataclass(frozen=True)
class Given:
    """Whom one header was given to: ids, and when."""

    grant: str
    person: str
    key: str
    revision: str
    file: str
    at: datetime


def headers_issued(*, grant: str, revision: str, file: str) -> list[bytes]:
    """The SHA-256 digests of every header of `file` that was given to `grant`, oldest first."""
    return [digest for _, digest in _issued(grant, revision, file)]


def who_got(header: bytes) -> Given | None:
    """Whom this very header was given to, by its digest; None where the portal gave no such header.

    header: as found; a body may follow it. Its label only says where to look: whoever knows the file
        key can write any label, but not bytes with the digest of a header that was given. A header that was
        changed by one bit is found no more.
    """
    try:
        parsed = parse_header(header)
        labels = [GrantLabel(*each.arguments) for each in parsed.stanzas if each.kind == LABEL_KIND]
    except (HeaderMalformed, TypeError):  # TypeError: a label of more or fewer words
        return None
    wanted = sha256(header[: parsed.size]).digest()
    return next((given for label in labels for given in _given(label, wanted)), None)


def _given(label: GrantLabel, wanted: bytes) -> Iterator[Given]:
    for entry, digest in _issued(label.grant, label.revision, label.file):
        if digest == wanted:
            yield Given(entry.grant, entry.person, entry.key, entry.revision, label.file, entry.at)


def _issued(grant: str, revision: str, file: str) -> Iterator[tuple[LedgerEntry, bytes]]:
    ordinal = ordinals_of(revision).get(file)
    if ordinal is None:
        return
    # By the grant alone: a grant has few batches of headers, a revision those of everybody, and SQLite, given
    # both, may walk through the latter.
    for entry in LedgerEntry.objects.filter(kind=HEADERS, grant=grant).order_by("at", "id").iterator():
        place = filesets.place(entry.files, ordinal) if entry.revision == revision else None
        if place is not None:
            yield entry, bytes(entry.digests)[place * DIGEST_SIZE : (place + 1) * DIGEST_SIZE]
