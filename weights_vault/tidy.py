"""What lies in the store and belongs to nothing, or to a publish that nobody went on with: it is reported.

Nothing is ever deleted here. What no row names may be all that is left of a row deleted by mistake.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
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


@dataclass(frozen=True)
class Leftovers:
    """unnamed: objects that no row names. abandoned: unfinished ones that a row names, untouched for long."""

    unnamed: list[StoredObject]
    abandoned: list[StoredObject]

    def __bool__(self) -> bool:
        return bool(self.unnamed or self.abandoned)

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return sum(found.size for found in (*self.unnamed, *self.abandoned))

    def __str__(self) -> str:
        parts = []
        if self.unnamed:
            parts.append(f"{len(self.unnamed)} objects that no row names")
        if self.abandoned:
            parts.append(f"{len(self.abandoned)} unfinished uploads")
        return f"{' and '.join(parts)}, {self.size:,} bytes"


def leftovers(now: datetime) -> Leftovers:
    """What was last written more than LEFTOVER_DAYS ago and is of no use. Raises: StorageError."""
    before = now - timedelta(days=settings.LEFTOVER_DAYS)
    names = dict(SealedBody.objects.values_list("object_name", "state"))
    old = [found for found in storage().objects() if found.modified < before]
    return Leftovers(
        unnamed=[found for found in old if found.name not in names],
        abandoned=[found for found in old if found.partial and found.name in names],
    )


@jobs.handler(LOOK, lease_s=3_600)
def look(payload: dict[str, Any], now: datetime) -> None:
    """Mail the release managers what is left over: once, until something else is."""
    found = leftovers(now)
    if found:
        _tell(found)


jobs.periodic(LOOK, LOOK_EVERY_S)


@transaction.atomic
def _tell(found: Leftovers) -> None:
    names = sorted(each.name for each in (*found.unnamed, *found.abandoned))
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]
    for manager in managers():
        queue_mail(
            to=manager.email,
            template="weights_vault/mail/leftovers",
            context={"user": manager, "found": found, "days": settings.LEFTOVER_DAYS},
            key=f"leftovers:{manager.public_id}:{digest}",
        )
