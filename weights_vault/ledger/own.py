"""What the vault keeps about a person: their keys' public parts, and what was given to them."""

from collections.abc import Iterator
from typing import Any

from portal.accounts.models import User
from weights_vault.models import LedgerEntry, Origin, RecipientKey

Row = dict[str, Any]
_AT_ONCE = 500


def keys(user: User) -> Iterator[Row]:
    """Yield the person's recipient keys. Their private halves were never here."""
    fields = ("id", "name", "kind", "recipient", "fingerprint", "state", "created_at", "removed_at")
    yield from RecipientKey.objects.filter(user=user).order_by("created_at", "id").values(*fields)


def deliveries(user: User) -> Iterator[Row]:
    """Yield what was given to the person, oldest first, and what their client reported."""
    fields = ("at", "kind", "grant", "revision", "key", "count", "size", "fetched", "seconds", "client")
    own = LedgerEntry.objects.filter(person=user.public_id).order_by("at", "id")
    yield from own.values(*fields).iterator(chunk_size=_AT_ONCE)


def origins(grants: list[str]) -> Iterator[Row]:
    """Yield from which addresses these grants were used."""
    own = Origin.objects.filter(grant__in=grants).order_by("day", "id")
    for row in own.values("day", "grant", "address").iterator(chunk_size=_AT_ONCE):
        yield dict(row)
