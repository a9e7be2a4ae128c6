"""What was recalled: for the release's page, for a grant's page, and for the release manager."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q

from weights_vault.models import File, Holding, LedgerEntry, Release, Revision, SealedBody
from weights_vault.queries import revisions_of
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


def holder_counts(revisions: Sequence[Revision]) -> dict[str, int]:
    """Revision id → how many grants were given headers of it."""
    held = LedgerEntry.objects.filter(
        kind=LedgerEntry.Kind.HEADERS, revision__in=[each.pk for each in revisions]
    )
    counted = held.order_by().values("revision").annotate(grants=Count("grant", distinct=True))
    return dict(counted.values_list("revision", "grants"))


@dataclass(frozen=True)
class Soundness:
    """What the scrubber knows of one revision. read_at: when its longest unread file was read in whole; None
    while one was not. unread: files never read in whole. damaged: a sentence each.
    """

    read_at: datetime | None
    unread: int
    damaged: Sequence[str]


def soundness_of(revisions: Sequence[Revision]) -> dict[str, Soundness]:
    """Revision id → what the scrubber knows of it. Two queries, however many there are."""
    files = File.objects.filter(revision__in=revisions, body__state=SealedBody.State.STORED).order_by()
    known = files.values("revision").annotate(
        read_at=Min("body__check_row__checked_at"),
        unread=Count("pk", filter=Q(body__check_row__checked_at=None)),
    )
    damaged = _damaged(revisions)
    found = {row["revision"]: row for row in known}
    return {
        each.pk: _soundness(found.get(each.pk, {"read_at": None, "unread": 0}), damaged.get(each.pk, []))
        for each in revisions
    }


def _soundness(row: Mapping[str, Any], damaged: Sequence[str]) -> Soundness:
    read_at = None if row["unread"] else row["read_at"]
    return Soundness(read_at=read_at, unread=row["unread"], damaged=sorted(damaged))


def _damaged(revisions: Sequence[Revision]) -> dict[str, list[str]]:
    files = File.objects.filter(revision__in=revisions, body__check_row__found_at__isnull=False)
    told: dict[str, list[str]] = {}
    for file in files.select_related("body__check_row").defer("tensors").order_by("path"):
        check = file.body.check_row
        check.body = file.body
        told.setdefault(file.revision_id, []).append(describe(check, file.path))
    return told


def moves_from(state: str) -> list[Transition]:
    """What a release manager can do with a revision in `state`."""
    return [row for row in REVISION_TRANSITIONS if row.source == state and row.notice]
