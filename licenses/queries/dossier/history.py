"""What else speaks for or against a request: the same person's, their organization's, and similar ones.

Each list is cut to a few rows before it is joined with anything, so that the page costs the same however
long the history is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from licenses import states
from licenses.models import Grant, ReleaseTerms, Request, RequestVersion
from licenses.models.requests import RequestedRelease
from licenses.queries.dossier.similar import alike
from licenses.queries.parties import people_of

ROWS: Final = 20
SIMILAR_ROWS: Final = 5


@dataclass(frozen=True)
class Requests:
    """terms: of the releases that are asked for. earlier: of the same person; colleagues: of others at their
    organization; similar: of anybody, with very similar answers. Each with `titles` of its releases."""

    terms: list[ReleaseTerms] = field(default_factory=list)
    earlier: list[Request] = field(default_factory=list)
    colleagues: list[Request] = field(default_factory=list)
    similar: list[Request] = field(default_factory=list)
    renewed: Request | None = None


def read(request: Request, current: RequestVersion) -> Requests:
    """Return what was asked for now and before, in one query over the requested releases."""
    same_person = _newest(Request.objects.filter(applicant=request.applicant_id), request)
    of_house = _newest(_of_organization(request), request)
    wanted = (
        Request.objects.filter(pk__in=[request.pk, *filter(None, [request.renews_id])])
        .order_by()
        .values("pk")
    )
    for rows in (same_person, of_house, alike(request, current)):
        wanted = (
            wanted.union(Request.objects.filter(pk__in=rows).order_by().values("pk"))
            if rows is not None
            else wanted
        )
    found = RequestedRelease.objects.filter(request__in=wanted).select_related(
        "request__applicant", "release__terms__license"
    )
    return _sorted(request, found.defer("request__search_text", "release__card", "release__summary"))


def _newest(rows: QuerySet[Request] | None, request: Request) -> QuerySet[Any, Any] | None:
    if rows is None:
        return None
    others = rows.filter(submitted_at__isnull=False).exclude(pk=request.pk)
    return others.order_by("-submitted_at").values("pk")[:ROWS]


def _of_organization(request: Request) -> QuerySet[Request] | None:
    organization = request.applicant.organization_id
    if organization is None:
        return None
    others = Request.objects.filter(applicant__organization=organization)
    return others.exclude(applicant=request.applicant_id)


def _sorted(request: Request, rows: QuerySet[RequestedRelease]) -> Requests:
    terms: list[ReleaseTerms] = []
    titles: dict[str, list[str]] = {}
    others: dict[str, Request] = {}
    for row in rows:
        titles.setdefault(row.request_id, []).append(row.release.title)
        if row.request_id != request.pk:
            others.setdefault(row.request_id, row.request)
        elif (its := getattr(row.release, "terms", None)) is not None:
            its.release = row.release
            terms.append(its)
    for other in others.values():
        other.titles = ", ".join(titles[other.pk])  # type: ignore[attr-defined]
    renewed = others.get(request.renews_id or "")
    return replace(_grouped(request, others.values()), terms=terms, renewed=renewed)


def _grouped(request: Request, others: Iterable[Request]) -> Requests:
    newest = sorted(others, key=lambda other: (other.submitted_at, other.pk), reverse=True)
    house = request.applicant.organization_id
    earlier = [other for other in newest if other.applicant_id == request.applicant_id]
    rest = [other for other in newest if other.applicant_id != request.applicant_id]
    colleagues = [other for other in rest if house is not None and other.applicant.organization_id == house]
    similar = [other for other in rest if other not in colleagues]
    return Requests(earlier=earlier, colleagues=colleagues[:ROWS], similar=similar[:SIMILAR_ROWS])


def grants(request: Request) -> list[Grant]:
    """Return the grants of the request and of the one that it renews, of everybody who stands in it, and of
    the person's organization, what was taken away first."""
    requests = [pk for pk in (request.pk, request.renews_id) if pk is not None]
    theirs = Q(request__in=requests) | Q(user__in=people_of(request))
    own = Grant.objects.filter(theirs).order_by().values("pk")
    order = _gravest_first()
    wanted = own
    if request.applicant.organization_id is not None:
        house = Grant.objects.filter(user__organization=request.applicant.organization_id)
        newest = house.order_by(order, "-state_at").values("pk")[:ROWS]
        wanted = own.union(Grant.objects.filter(pk__in=newest).order_by().values("pk"))
    rows = Grant.objects.filter(pk__in=wanted).select_related("user", "release")
    return list(rows.defer("release__card", "release__summary").order_by(order, "-state_at", "-pk"))


def _gravest_first() -> Case:
    return Case(
        When(state=states.REVOKED, then=Value(0)),
        When(state=states.SUSPENDED, then=Value(1)),
        When(state=states.ACTIVE, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
