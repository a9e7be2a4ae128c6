"""Days of downloading, written into the ledger as the portal writes them."""

from datetime import datetime, timedelta

from django.db import transaction

from licenses.models import Grant
from tests.unit.vault.ledger_days import Kind, use
from tests.unit.web.world import World
from weights_vault.ledger import watch, writing
from weights_vault.models import Alert, Revision
from weights_vault.queries import current_revision


def held(grant: Grant) -> Revision:
    """The revision that the grant downloads."""
    revision = current_revision(grant.release)
    assert revision is not None
    return revision


def downloading(grant: Grant, *, until: datetime, days: int = 3, address: str = "192.0.2.7") -> Revision:
    """A manifest, headers, and URLs every hour of some days, up to and at `until`."""
    revision = held(grant)
    person, key = grant.user.public_id, grant.user.recipient_keys.first()
    known = {"grant": grant.pk, "person": person, "address": address}
    start = until - timedelta(days=days)
    use(revision, Kind.MANIFEST, at=start, **known)
    use(revision, Kind.HEADERS, at=start, key=key.pk if key else "", **known)
    files = list(revision.files.values_list("pk", flat=True))
    for hour in range(days * 24 + 1):
        wanted = files[hour % len(files) :][:2]
        use(revision, Kind.URLS, at=start + timedelta(hours=hour), files=wanted, **known)
    return revision


@transaction.atomic
def finished(grant: Grant, *, at: datetime, again: int = 0) -> None:
    """The client's word that all of it is there."""
    revision = held(grant)
    size = sum(file.size for file in revision.files.all())
    writing.add(
        Kind.COMPLETED,
        grant=grant.pk,
        person=grant.user.public_id,
        revision=revision,
        count=revision.files.count(),
        size=size,
        fetched=size + again,
        again=again,
        seconds=97_200.0,
        client="weights/0.1.0",
        address="192.0.2.7",
        now=at,
    )


def alarming(grant: Grant, *, until: datetime | None = None) -> Alert:
    """A day of use from more networks than one person has."""
    last = until or World().now
    for number in range(8):
        moment = last - timedelta(hours=number)
        use(
            held(grant), Kind.MANIFEST, at=moment, grant=grant.pk,
            person=grant.user.public_id, address=f"198.51.{number}.9",
        )  # fmt: skip
    watch.watch({}, now=last)
    return Alert.objects.get(grant=grant.pk)
