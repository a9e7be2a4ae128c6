"""Days of use of one grant, written into the ledger as the portal writes them."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from django.db import transaction

from tests.unit.vault.fakes import GRANT
from weights_vault.ledger import writing
from weights_vault.models import LedgerEntry, Revision

Kind = LedgerEntry.Kind
PERSON = "usr_ada"


def use(
    revision: Revision,
    kind: Kind,
    *,
    at: datetime,
    grant: str = GRANT,
    person: str = PERSON,
    key: str = "",
    files: Sequence[str] | None = None,
    address: str = "",
) -> LedgerEntry:
    """One batch: of all files of the revision unless told."""
    known = dict(revision.files.values_list("pk", "body__body_size"))
    wanted = [] if kind == Kind.MANIFEST else list(known if files is None else files)
    headers = kind == Kind.HEADERS
    with transaction.atomic():
        return writing.add(
            kind,
            grant=grant,
            person=person,
            revision=revision,
            key=(key or "key_laptop") if headers else "",
            files=wanted,
            digests=[sha256(file.encode()).digest() for file in wanted] if headers else (),
            size=sum(known[file] for file in wanted),
            lifetime_s=600 if kind == Kind.URLS else None,
            address=address,
            now=at,
        )
