"""What pages, the API and the CSV list of the ledger, with the names of what it speaks of.

The ledger has ids alone. Names are read once for a page or for a stretch of rows, never row by row; what is
gone meanwhile keeps its id.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db.models import Count, Q, QuerySet

from portal.accounts.models import User
from weights_vault.models import Alert, Holding, LedgerEntry, Origin, Revision

STRETCH = 1_000  # rows whose names are read at once while all are streamed


@dataclass(frozen=True)
class Wanted:
    """Which entries; an empty string filters nothing.

    release: slug. revision: its name, or its id. person: public id, or a part of name or address of mail.
    after, before: from, and up to but not at.
    """

    release: str = ""
    revision: str = ""
    grant: str = ""
    person: str = ""
    kind: str = ""
    after: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Names:
    """What ids are called. revisions: by id, with release, size and number of files. people: by public id."""

    revisions: dict[str, Revision]
    people: dict[str, User]
    origins: dict[int, Origin]


@dataclass(frozen=True)
class Row:
    """One entry with the names of what it speaks of; None where the row is gone."""

    entry: LedgerEntry
    revision: Revision | None
    person: User | None
    origin: Origin | None


def entries(wanted: Wanted) -> QuerySet[LedgerEntry]:
    """The entries that `wanted` selects, newest first, without the digests."""
    condition = Q()
    if wanted.release or wanted.revision:
        condition &= Q(revision__in=_revisions(wanted))
    if wanted.person:
        condition &= Q(grant__in=Holding.objects.filter(_person(wanted.person)).values("grant"))
    if wanted.grant:
        condition &= Q(grant=wanted.grant)
    if wanted.kind:
        condition &= Q(kind=wanted.kind)
    if wanted.after:
        condition &= Q(at__gte=wanted.after)
    if wanted.before:
        condition &= Q(at__lt=wanted.before)
    return LedgerEntry.objects.filter(condition).order_by("-at", "-id").defer("digests")


def holdings(wanted: Wanted) -> QuerySet[Holding]:
    """The running sums of recipient × revision that `wanted` selects, the last seen first."""
    condition = Q()
    if wanted.release:
        condition &= Q(release=wanted.release)
    if wanted.revision:
        condition &= Q(revision__in=_revisions(wanted))
    if wanted.person:
        condition &= _person(wanted.person)
    if wanted.grant:
        condition &= Q(grant=wanted.grant)
    if wanted.after:
        condition &= Q(last_at__gte=wanted.after)
    if wanted.before:
        condition &= Q(first_at__lt=wanted.before)
    return Holding.objects.filter(condition).order_by("-last_at", "-id")


def rows(found: Iterable[LedgerEntry], names: Names | None = None) -> list[Row]:
    """The entries with their names: three queries, however many entries; none where the names are given."""
    listed = list(found)
    names = names or names_of(listed)
    return [
        Row(
            entry,
            names.revisions.get(entry.revision),
            names.people.get(entry.person),
            names.origins.get(entry.origin or 0),
        )
        for entry in listed
    ]


def stream(found: QuerySet[LedgerEntry]) -> Iterator[Row]:
    """Every selected entry with its names, in constant memory."""
    cursor = found.iterator(chunk_size=STRETCH)
    while stretch := list(islice(cursor, STRETCH)):
        yield from rows(stretch)


def names_of(found: Iterable[LedgerEntry | Holding | Alert]) -> Names:
    """The names of what these rows speak of."""
    listed = list(found)
    origins = {each.origin for each in listed if isinstance(each, LedgerEntry) and each.origin}
    revisions = {each.revision for each in listed if not isinstance(each, Alert)}
    return Names(
        revisions=revisions_by_id(revisions) if revisions else {},
        people={
            user.public_id: user
            for user in User.objects.filter(public_id__in={each.person for each in listed})
        },
        origins=Origin.objects.in_bulk(origins),
    )


def revisions_by_id(ids: Iterable[str]) -> dict[str, Revision]:
    """The revisions by id, each with its release and `file_count`, without what is large."""
    found = Revision.objects.filter(pk__in=set(ids)).select_related("release")
    return {
        revision.pk: revision
        for revision in found.annotate(file_count=Count("files")).defer("manifest", "gate_report")
    }


def _revisions(wanted: Wanted) -> QuerySet[Revision]:
    found = Revision.objects.all()
    if wanted.release:
        found = found.filter(release__slug=wanted.release)
    if wanted.revision:
        found = found.filter(Q(name=wanted.revision) | Q(pk=wanted.revision))
    return found.only("pk")


def _person(said: str) -> Q:
    people = User.objects.filter(Q(public_id=said) | Q(full_name__icontains=said) | Q(email__icontains=said))
    return Q(person__in=people.values("public_id"))
