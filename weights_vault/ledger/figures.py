"""Figures that pages show beside the ledger's rows: each one query, however many rows are shown."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncDate

from weights_vault.models import Holding, LedgerEntry, Origin, RecipientKey

URLS = LedgerEntry.Kind.URLS
CHART_DAYS = 30


def urls_since(grants: Iterable[str], since: datetime) -> dict[tuple[str, str], tuple[int, int]]:
    """(grant, revision) → how many URLs were given from `since` on, and the sealed bytes they cover."""
    given = LedgerEntry.objects.filter(grant__in=set(grants), at__gte=since, kind=URLS)
    sums = given.order_by().values_list("grant", "revision").annotate(Sum("count"), Sum("size"))
    return {(grant, revision): (count, size) for grant, revision, count, size in sums}


def with_addresses(holdings: QuerySet[Holding]) -> QuerySet[Holding]:
    """`holdings`, each with `addresses`: how many used its grant, of those that are still kept."""
    kept = Origin.objects.filter(grant=OuterRef("grant")).order_by().values("grant")
    counted = kept.annotate(many=Count("address", distinct=True)).values("many")
    return holdings.annotate(addresses=Coalesce(Subquery(counted), 0))


def with_origin_and_key(entries: QuerySet[LedgerEntry]) -> QuerySet[LedgerEntry]:
    """`entries`, each with `address`, `key_name` and `key_fingerprint`; None where the row is gone."""
    key = RecipientKey.objects.filter(pk=OuterRef("key")).order_by()
    return entries.annotate(
        address=Subquery(Origin.objects.filter(pk=OuterRef("origin")).order_by().values("address")),
        key_name=Subquery(key.values("name")),
        key_fingerprint=Subquery(key.values("fingerprint")),
    )


def bytes_by_day(grant: str, until: date) -> list[tuple[date, int]]:
    """Sealed bytes that URLs were asked for, on each of the CHART_DAYS days (UTC) up to and with `until`.

    Returns: oldest first; a day without any is there with 0.
    """
    first = until - timedelta(days=CHART_DAYS - 1)
    given = LedgerEntry.objects.filter(grant=grant, kind=URLS).order_by()
    recent = (
        given.filter(at__gte=datetime.combine(first, time(), UTC))
        .annotate(day=TruncDate("at"))
        .values_list("day")
    )
    sums = dict(recent.annotate(Sum("size")))
    days = (first + timedelta(days=number) for number in range(CHART_DAYS))
    return [(day, sums.get(day, 0)) for day in days]
