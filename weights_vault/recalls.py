"""What was recalled: for the release's page, for a grant's page, and for the release manager."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min

from weights_vault.models import BodyCheck, File, Holding, Release, Revision
from weights_vault.queries import holders_of, revisions_of
from weights_vault.scrub.due import bodies_of
from weights_vault.scrub.findings import describe
from weights_vault.states import REVISION_TRANSITIONS, Transition

RECALLED = (Revision.State.QUARANTINED, Revision.State.WITHDRAWN)


def recalled_of(release: Release) -> list[Revision]:
    """The revisions of `release` that are on hold or withdrawn, newest first."""
    return list(revisions_of(release).filter(state__in=RECALLED))


def recalled_under(grant: str) -> list[Revision]:
    """The recalled revisions of which headers were given under `grant`, newest first."""
    held = Holding.objects.filter(grant=grant, file_count__gt=0).values_list("revision", flat=True)
    found = Revision.objects.filter(pk__in=list(held), state__in=RECALLED).select_related("release")
    return list(found.defer("manifest").order_by("-sequence"))


def holder_count(revision: Revision) -> int:
    """How many grants were given headers of `revision`."""
    return len({grant for grants in holders_of(revision).values() for grant in grants})


@dataclass(frozen=True)
class Soundness:
    """What the scrubber knows of one revision. read_at: when its longest unread file was read in whole; None
    while one was not. unread: files never read in whole. damaged: a sentence each.
    """

    read_at: datetime | None
    unread: int
    damaged: Sequence[str]


def soundness_of(revision: Revision) -> Soundness:
    """What the scrubber knows of `revision`."""
    checks = BodyCheck.objects.filter(body__files__revision=revision)
    read = checks.filter(checked_at__isnull=False)
    unread = bodies_of(revision).count() - read.count()
    oldest = read.aggregate(oldest=Min("checked_at"))["oldest"]
    paths = dict(File.objects.filter(revision=revision).values_list("body_id", "path"))
    damaged = checks.filter(found_at__isnull=False).select_related("body")
    told = sorted(describe(check, paths[check.body_id]) for check in damaged)
    return Soundness(read_at=None if unread else oldest, unread=unread, damaged=told)


def moves_from(state: str) -> list[Transition]:
    """What a release manager can do with a revision in `state`."""
    return [row for row in REVISION_TRANSITIONS if row.source == state and row.notice]
