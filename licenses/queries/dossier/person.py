"""The request itself with who asks: the person, their organization, the license, in one query."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower

from licenses import states
from licenses.models import Grant, LicenseVersion, Party, ReleaseTerms, Request
from licenses.queries.parties import GONE
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core.problems import NotFound


@dataclass(frozen=True)
class Head:
    """The request, with what the review page shows of who asks.

    applicant_verified: their address is verified. people, live_grants: of their organization. in_force: id
    of the license version in force for them. before_*: the standard version before the one that the request
    names, None where that is the first. own_role, own_state: the reader's own place in the request.
    """

    request: Request
    applicant_verified: bool
    people: int
    live_grants: int
    in_force: str | None
    before_number: int | None
    before_text: str | None
    own_role: str | None
    own_state: str | None


def read(principal: Principal, id: str, now: datetime) -> Head:
    """Return a submitted request with what stands around it.

    Raises: NotFound: there is none that was submitted.
    """
    rows = Request.objects.filter(pk=id, submitted_at__isnull=False).defer("search_text")
    joined = rows.select_related(
        "applicant__organization",
        "organization",
        "assignee",
        "license_version__license",
        "license_version__based_on",
    )
    found = joined.annotate(**_applicant(), **_license(now), **_place(principal)).first()
    if found is None:
        raise NotFound()
    beside = [each.name for each in fields(Head) if each.name != "request"]
    return Head(found, **{name: getattr(found, f"head_{name}") for name in beside})


def _applicant() -> dict[str, Any]:
    address = {"user": OuterRef("applicant"), "email__iexact": OuterRef("applicant__email"), "verified": True}
    people = User.objects.filter(organization=OuterRef("applicant__organization"))
    live = Grant.objects.filter(
        user__organization=OuterRef("applicant__organization"), state__in=states.LIVE_STATES
    )
    return {
        "head_applicant_verified": Exists(EmailAddress.objects.filter(**address)),
        "head_people": _counted(people, "organization"),
        "head_live_grants": _counted(live, "user__organization"),
    }


def _counted(rows: QuerySet[Any], by: str) -> Coalesce:
    counted = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _license(now: datetime) -> dict[str, Any]:
    mine = ReleaseTerms.objects.filter(release__requested__request=OuterRef(OuterRef("pk")))
    standard = Q(organization__isnull=True)
    # As `queries.license_in_force` has it; a test compares the two.
    counting = LicenseVersion.objects.filter(
        standard | Q(organization=OuterRef("organization")), license__in=mine.values("license")
    )
    effective = counting.filter(effective_at__lte=now)
    in_force = effective.order_by(F("organization").desc(nulls_last=True), "-number")
    earlier = LicenseVersion.objects.filter(
        standard,
        license=OuterRef("license_version__license"),
        number__lt=OuterRef("license_version__number"),
    ).order_by("-number")
    return {
        "head_in_force": Subquery(in_force.values("pk")[:1]),
        "head_before_number": Subquery(earlier.values("number")[:1]),
        "head_before_text": Subquery(earlier.values("text")[:1]),
    }


def _place(principal: Principal) -> dict[str, Any]:
    """The reader's own place in the request, also where they were asked at an address of theirs."""
    if principal.user is None:
        raise NotFound()
    addresses = EmailAddress.objects.filter(user=principal.user, verified=True).annotate(lower=Lower("email"))
    theirs = Q(user=principal.user) | Q(user__isnull=True, email__in=addresses.values("lower"))
    own = Party.objects.filter(theirs, request=OuterRef("pk")).exclude(state__in=GONE)
    return {
        "head_own_role": Subquery(own.values("role")[:1]),
        "head_own_state": Subquery(own.values("state")[:1]),
    }
