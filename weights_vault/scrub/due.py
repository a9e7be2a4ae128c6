"""Whose turn it is: the bodies that recipients can get, or could again, the longest unread first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from weights_vault.models import File, Revision, SealedBody
from weights_vault.models.scrub import BodyCheck

# The last quarter of SCRUB_DAYS is for the reading itself, should all bodies be due at once.
DUE_SHARE = 0.75
# A body that could not be read waits this long, so that it holds up no other.
AFTER_FAILURE = timedelta(hours=1)
IN_USE = (Revision.State.PUBLISHED, Revision.State.QUARANTINED)


def bodies_in_use() -> QuerySet[SealedBody]:
    """The stored bodies of published and quarantined revisions, each once."""
    return SealedBody.objects.filter(Exists(_files(*IN_USE)), state=SealedBody.State.STORED)


def bodies_of(revision: Revision) -> QuerySet[SealedBody]:
    """The stored bodies of one revision, each once, by the path of its file."""
    return SealedBody.objects.filter(files__revision=revision).order_by("files__path")


def next_body(now: datetime) -> SealedBody | None:
    """The body to read now: one that was begun, else the longest unread of those that are due."""
    failed = BodyCheck.objects.filter(failed_at__gt=now - AFTER_FAILURE)
    open_to_us = bodies_in_use().exclude(pk__in=failed.values("pk")).select_related("check_row")
    begun = open_to_us.filter(check_row__position__gt=0).first()
    if begun is not None:
        return begun
    due = Q(check_row__checked_at=None) | Q(check_row__checked_at__lte=now - period() * DUE_SHARE)
    # A revision published since with a body that is known to be damaged.
    given = Q(Exists(_files(Revision.State.PUBLISHED)), check_row__found_at__isnull=False)
    longest_unread = F("check_row__checked_at").asc(nulls_first=True)
    return open_to_us.filter(due | given).order_by(longest_unread, "created_at", "pk").first()


def _files(*states: str) -> QuerySet[File]:
    return File.objects.filter(body=OuterRef("pk"), revision__state__in=states)


def period() -> timedelta:
    """How often each body is read in whole."""
    days: int = settings.SCRUB_DAYS
    return timedelta(days=days)


@dataclass(frozen=True)
class Tally:
    """Bodies in use: how many; never read in whole; unread for longer than SCRUB_DAYS; with an open finding.

    oldest: the earliest end of the last reading of any body that was read. failing: how many could not be
    read at the last try.
    """

    bodies: int
    unread: int
    overdue: int
    damaged: int
    failing: int
    oldest: datetime | None


def tally(now: datetime) -> Tally:
    """Where the scrubber stands."""
    used = bodies_in_use().annotate(since=Coalesce("check_row__checked_at", "created_at"))
    read = used.filter(check_row__checked_at__isnull=False)
    oldest = read.order_by("check_row__checked_at").values_list("check_row__checked_at", flat=True).first()
    return Tally(
        bodies=used.count(),
        unread=used.filter(check_row__checked_at=None).count(),
        overdue=used.filter(since__lt=now - period()).count(),
        damaged=used.filter(check_row__found_at__isnull=False).count(),
        failing=used.filter(check_row__failed_at__isnull=False).count(),
        oldest=oldest,
    )
