"""How long reviews take: written every hour by a job, read by pages.

A review lasts from the submission that began it to its decision. What the applicant changes in between
begins nothing new; a return for changes ends one review, and the next submission begins another. Counted are
the decisions of the last 90 days. Median and 90th percentile are those of the nearest rank: the shortest of
the reviews that at least that share took no longer than. The database computes both, exactly.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import (
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    Window,
)
from django.db.models.functions import Coalesce, RowNumber

from licenses.models import Decision, RequestVersion, ReviewPace
from portal.core import jobs

PACE = "licenses.pace"
PACE_EVERY_S = 3600
WINDOW = timedelta(days=90)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def write_pace(*, now: datetime) -> int:
    """Replace what is known of each release's pace by what the decisions up to `now` say; return how many.

    A release without a decision in that time has no row: pages then say so.
    """
    spans: dict[int, list[tuple[timedelta, int]]] = defaultdict(list)
    for release, took, count in _of_the_ranks(now).values_list("release", "took", "count"):
        spans[release].append((took, count))
    rows = [_row(release, found, now) for release, found in spans.items()]
    with transaction.atomic():
        ReviewPace.objects.exclude(release__in=spans).delete()
        ReviewPace.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["release"],
            update_fields=["median_s", "p90_s", "count", "at"],
        )
    return len(rows)


def _row(release: int, found: list[tuple[timedelta, int]], now: datetime) -> ReviewPace:
    """found: the review at the median's rank and the one at the 90th percentile's; one row may be both."""
    took = [int(span.total_seconds()) for span, _ in found]
    return ReviewPace(release_id=release, median_s=min(took), p90_s=max(took), count=found[0][1], at=now)


def _of_the_ranks(now: datetime) -> QuerySet[Any, Any]:
    """The reviews of each release that stand at one of the two ranks, as (release, took, count)."""
    # In whole numbers alone: the rank is the smallest whole one that is at least count × share.
    ranked = _reviews(now).annotate(
        rank=Window(RowNumber(), partition_by=F("release"), order_by=[F("took").asc(), F("pk").asc()]),
        count=Window(Count("pk"), partition_by=F("release")),
    )
    beyond = ranked.annotate(half=F("rank") * 2 - F("count"), most=F("rank") * 10 - F("count") * 9)
    return beyond.filter(Q(half__gte=0, half__lt=2) | Q(most__gte=0, most__lt=10))


def _reviews(now: datetime) -> QuerySet[Decision, Any]:
    earlier = Decision.objects.filter(request=OuterRef("request"), at__lt=OuterRef("at"))
    begun = RequestVersion.objects.filter(
        request=OuterRef("request"), submitted_at__gt=OuterRef("last_decided")
    )
    last_decided = Subquery(earlier.order_by("-at").values("at")[:1])
    return (
        Decision.objects.filter(at__gt=now - WINDOW, at__lte=now)
        .annotate(
            release=F("request__requested__release"),
            last_decided=Coalesce(last_decided, Value(_LONG_AGO, output_field=DateTimeField())),
        )
        .annotate(begun=Subquery(begun.order_by("submitted_at").values("submitted_at")[:1]))
        .annotate(took=ExpressionWrapper(F("at") - F("begun"), output_field=DurationField()))
        .filter(begun__isnull=False, took__gte=timedelta(0))
    )


@jobs.handler(PACE, lease_s=600)
def keep_pace(payload: dict[str, Any], now: datetime) -> None:
    """Write the pace of the reviews anew."""
    write_pace(now=now)


jobs.periodic(PACE, PACE_EVERY_S)
