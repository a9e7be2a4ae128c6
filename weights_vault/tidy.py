"""What lies in the store and belongs to nothing, or to a publish that nobody went on with: it is reported.

Nothing is ever deleted here. What no row names may be all that is left of a row deleted by mistake.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction

from portal.core import jobs
from portal.core.outbox import queue_mail
from weights_vault.models import SealedBody
from weights_vault.scrub.findings import managers
from weights_vault.storage import StoredObject, storage

LOOK = "vault.look_for_leftovers"
LOOK_EVERY_S = 86_400
MAX_SHOWN = 20
BATCH = 500  # names asked of the database at once


@dataclass
class Leftovers:
    """What was left over: the first few, and of all the number and the bytes.

    unnamed: objects that no row names. abandoned: unfinished ones that a row names, untouched for long.
    mark: the same for the same names, in whatever order the store tells them.
    """

    unnamed: list[StoredObject] = field(default_factory=list)
    abandoned: list[StoredObject] = field(default_factory=list)
    unnamed_count: int = 0
    abandoned_count: int = 0
    size: int = 0
    mark: int = 0

    def __bool__(self) -> bool:
        return bool(self.unnamed_count or self.abandoned_count)

    def add(self, found: StoredObject, *, named: bool) -> None:
        few = self.abandoned if named else self.unnamed
        if len(few) < MAX_SHOWN:
            few.append(found)
        self.abandoned_count += named
        self.unnamed_count += not named
        self.size += found.size
        digest = hashlib.sha256(found.name.encode("utf-8", "surrogateescape")).digest()
        self.mark = (self.mark + int.from_bytes(digest)) % 2**128

    def __str__(self) -> str:
        parts = []
        if self.unnamed_count:
            parts.append(f"{_counted(self.unnamed_count, 'object')} that no row names")
        if self.abandoned_count:
            parts.append(_counted(self.abandoned_count, "unfinished upload"))
        return f"{' and '.join(parts)}, {self.size:,} bytes"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def leftovers(now: datetime) -> Leftovers:
    """What was last written more than LEFTOVER_DAYS ago and is of no use. Raises: StorageError.

    A store of a million objects is looked through a batch at a time.
    """
    before, left = now - timedelta(days=settings.LEFTOVER_DAYS), Leftovers()
    old = (found for found in storage().objects() if found.modified < before)
    while batch := list(islice(old, BATCH)):
        asked = SealedBody.objects.filter(object_name__in={found.name for found in batch})
        names = set(asked.values_list("object_name", flat=True))
        jobs.keep_lease()  # of a store of millions of objects
        for found in batch:
            named = found.name in names
            if found.partial or not named:
                left.add(found, named=named)
    return left


@jobs.handler(LOOK, lease_s=600)
def look(payload: dict[str, Any], now: datetime) -> None:
    """Mail the release managers what is left over: once, until something else is."""
    found = leftovers(now)
    if found:
        _tell(found)


jobs.periodic(LOOK, LOOK_EVERY_S)


@transaction.atomic
def _tell(found: Leftovers) -> None:
    for manager in managers():
        queue_mail(
            to=manager.email,
            template="weights_vault/mail/leftovers",
            context={"user": manager, "found": found, "days": settings.LEFTOVER_DAYS},
            key=f"leftovers:{manager.public_id}:{found.mark:032x}",
        )
