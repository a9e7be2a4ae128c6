"""A client's word about a download: complete, verified, opened. Kept as said, and believed no further."""

from datetime import datetime, timedelta

from django.db import transaction

from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.models import AuditEvent
from portal.core.problems import Invalid, NotPermitted, TooMany
from weights_vault.ledger import writing
from weights_vault.models import Holding, LedgerEntry, Revision
from weights_vault.policies import may_report

EVENTS = ("completed", "verified", "opened")
MOST_A_DAY = 50  # of one grant: a download ends once, and is verified now and then


@transaction.atomic
def report(
    *,
    by: Principal,
    grant: str,
    revision: Revision,
    event: str,
    files: int,
    size: int,
    fetched: int,
    again: int,
    seconds: float,
    client: str,
    now: datetime,
    address: str = "",
) -> AuditEvent:
    """Note what the client says about `revision` under `grant`, ended or not; return the event.

    event: one of EVENTS. files: how many it holds. size, fetched, again: bytes that it holds, that came over
    the network, and those of them that came twice. seconds: how long it took. client: such as "weights/1.0".
    Raises: NotPermitted; Invalid: nothing of the revision was given to this person under the grant, or more
    files than it has; TooMany: MOST_A_DAY.
    """
    verdict = may_report(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    person = by.person.public_id
    # The row is locked, so that reports of one grant and revision come one after the other.
    held = Holding.objects.select_for_update().filter(grant=grant, revision=revision.pk, person=person)
    if held.first() is None:
        raise _invalid("revision", "Nothing of this revision was given under this grant.")
    published = revision.files.count()
    if files > published:
        raise _invalid("files", "The revision has fewer files.")
    _require_few(grant, now)
    writing.add(
        LedgerEntry.Kind(event),
        grant=grant,
        person=person,
        revision=revision,
        count=files,
        whole=files == published,
        size=size,
        fetched=fetched,
        again=again,
        seconds=seconds,
        client=client,
        address=address,
        now=now,
    )
    return audit.record(
        f"download.{event}",
        by=by.actor,
        subject=f"grant:{grant}",
        now=now,
        revision=revision.pk,
        files=files,
        bytes=size,
    )


def _require_few(grant: str, now: datetime) -> None:
    told = LedgerEntry.objects.filter(grant=grant, at__gt=now - timedelta(days=1), kind__in=EVENTS)
    if told.count() >= MOST_A_DAY:
        raise TooMany(detail=f"{MOST_A_DAY} reports of one grant a day are enough.", retry_after_s=3600)


def _invalid(field: str, said: str) -> Invalid:
    return Invalid("invalid", said, "Report what you downloaded by this grant.", errors={field: [said]})
