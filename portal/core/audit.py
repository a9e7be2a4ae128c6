"""The audit log: every change of consequence leaves a line, in the transaction that makes the change.

The log outlives people: a line is never changed, and its bytes go into a Merkle tree that others keep. So
what a person typed, is called or can be reached at does not stand in it. Such a value is given as `private`:
the line holds a salted commitment to it, and the value lies beside the log (AuditDisclosure), from where an
erasure takes it. The line can be proved before and after.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from portal.core.models import AuditDisclosure, AuditEvent
from portal.core.secrecy import holds_secret
from weights_vault.sealed import canonical
from weights_vault.sealed.log.entry import commit

_Event = TypeVar("_Event", bound=AuditEvent)
SALT_BYTES: Final = 16
COMMITMENT: Final = "commitment"
# What readers say in the place of a value that an erasure took.
ERASED: Final = "Erased."
# The same of a value that stands, and is not for this reader.
WITHHELD: Final = "Not shown to you."


def record(
    kind: str,
    *,
    by: str,
    subject: str,
    now: datetime,
    private: Mapping[str, Any] | None = None,
    about: str = "",
    **data: Any,
) -> AuditEvent:
    """Append one event and return it.

    kind: "noun.past_verb", such as "request.submitted". by: a person's public id or "system:<what>".
    subject: "<noun>:<public id>". data: JSON values that explain it, without fractions; never a secret, never
    an address that opens something. private: further values, which a person typed, is called or can be
    reached at; an empty one ("" or None) hides nothing and is recorded as it is. about: public id of the
    person whose erasure takes the private values, "" for nobody's.
    Raises: RuntimeError: no transaction is open, a value looks like a secret, a field is given twice, or a
        value has no canonical bytes.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"audit event {kind} outside the transaction of what it records")
    hidden = {field: value for field, value in (private or {}).items() if value not in ("", None)}
    if any(holds_secret(value) for value in (data, hidden, subject, by)):
        raise RuntimeError(f"audit event {kind} holds something that looks like a secret")
    if twice := data.keys() & (private or {}).keys():
        raise RuntimeError(f"audit event {kind} says {sorted(twice)} twice")
    salts = {field: secrets.token_bytes(SALT_BYTES) for field in hidden}
    written = {**data, **(private or {}), **commitments(hidden, salts)}
    # The signer would stop at an entry that has no bytes: what caused it hears of it instead.
    canonical.dumps(written)
    event = AuditEvent.objects.create(kind=kind, by=by, subject=subject, at=now, data=written)
    AuditDisclosure.objects.bulk_create(disclosures(event.pk, hidden, salts, about))
    event.disclosed = hidden
    return event


def commitments(hidden: Mapping[str, Any], salts: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """Return what stands in the event's data for each private value."""
    return {field: {COMMITMENT: commit(salts[field], field, value)} for field, value in hidden.items()}


def disclosures(
    event: int, hidden: Mapping[str, Any], salts: Mapping[str, bytes], about: str
) -> list[AuditDisclosure]:
    """Return the unsaved rows that open the commitments of one event. about: as in `record`."""
    return [
        AuditDisclosure(event=event, field=field, salt=salts[field], value=value, about=about)
        for field, value in hidden.items()
    ]


def trail(*subjects: str) -> QuerySet[AuditEvent]:
    """Return the events about these subjects, oldest first."""
    return AuditEvent.objects.filter(subject__in=subjects).order_by("index")


def committed(event: AuditEvent) -> list[str]:
    """Return the fields of the event that are commitments to private values."""
    return [field for field, value in event.data.items() if is_commitment(value)]


def is_commitment(value: object) -> bool:
    """True for what stands in an event's data in the place of a private value."""
    return isinstance(value, dict) and value.keys() == {COMMITMENT}


def tell(events: Iterable[_Event]) -> list[_Event]:
    """Read the private values of these events that still stand, in one query or none; return the events.

    `told`, `wording` and `plain` ask the database nothing more about them then.
    """
    listed = list(events)
    wanted = [event.pk for event in listed if event.disclosed is None and committed(event)]
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    if wanted:
        rows = AuditDisclosure.objects.filter(event__in=wanted).order_by()
        for index, field, value in rows.values_list("event", "field", "value"):
            found[index][field] = value
    for event in listed:
        if event.disclosed is None:
            event.disclosed = found.get(event.pk, {})
    return listed


def telling(events: QuerySet[Any], field: str) -> Iterator[Any]:
    """Yield the events of a query, with what still stands of their one private value `field`, in that query.

    For who reads no other: of the rest `told`, `wording` and `plain` say that it was erased.
    """
    kept = AuditDisclosure.objects.filter(event=OuterRef("pk"), field=field)
    for event in events.annotate(value_told=Subquery(kept.values("value"))):
        event.disclosed = {} if event.value_told is None else {field: event.value_told}
        yield event


def withhold(event: AuditEvent) -> None:
    """Let `told`, `wording` and `plain` say WITHHELD for each private value of the event."""
    event.disclosed = dict.fromkeys(committed(event), WITHHELD)


def told(event: AuditEvent, field: str, erased: Any = "") -> Any:
    """Return what the event says in `field`, private or not; None where it says nothing.

    erased: returned for a private value that was erased.
    """
    value = event.data.get(field)
    if not is_commitment(value):
        return value
    tell([event])
    return (event.disclosed or {}).get(field, erased)


def wording(event: AuditEvent, field: str) -> str:
    """Return the same as words for a page: "" where the event says nothing, ERASED where it was erased."""
    value = told(event, field, ERASED)
    return "" if value is None else str(value)


def plain(event: AuditEvent) -> dict[str, Any]:
    """Return all that the event says, with private values in their places, and ERASED for erased ones."""
    return {field: told(event, field, ERASED) for field in event.data}


def forget(about: str) -> int:
    """Delete the private values about one person, by public id, and return how many. The log stays whole."""
    if not about:
        raise RuntimeError("the private values about nobody are not deleted together")
    gone, _ = AuditDisclosure.objects.filter(about=about).delete()
    return gone
