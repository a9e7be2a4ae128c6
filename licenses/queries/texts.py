"""License texts: who reads which, and what those who keep licenses see of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from licenses import policies, states
from licenses.facts import LicenseCase, Person
from licenses.models import (
    Grant,
    License,
    LicenseDraft,
    LicenseVersion,
    MasterAgreement,
    Party,
    ReleaseTerms,
    Request,
)
from licenses.queries.facts import license_in_force, person
from licenses.queries.masters import verified_addresses
from licenses.queries.parties import GONE
from licenses.queries.reacceptance import grants_of_line
from portal.accounts.models import Organization, User
from portal.accounts.principals import ANONYMOUS, Principal
from portal.core.problems import NotFound


@dataclass(frozen=True)
class Kept:
    """A license on the list of those who keep them. releases: titles of those given under it."""

    license: License
    in_force: LicenseVersion | None
    releases: list[str]
    versions: int
    drafts: int


@dataclass(frozen=True)
class Reach:
    """Whom publishing a draft reaches. grants: live ones whose holders must accept it, if it demands that.
    requests: in review, whose applicants must confirm the new text. releases: titles."""

    grants: int
    requests: int
    releases: list[str]


def license_version_for(id: str, principal: Principal = ANONYMOUS) -> LicenseVersion:
    """Return a license version. Standard texts are public, so that they can be read before anybody signs in;
    a negotiated one is for its organization, for staff, and for whoever has to do with it.

    Raises: NotFound: there is none, or it is not theirs to read.
    """
    version = _versions().filter(pk=id).first()
    if version is None or not policies.may_read_license(_license_case(principal, version)):
        raise NotFound()
    return version


def _license_case(principal: Principal, version: LicenseVersion) -> LicenseCase:
    """The text as `principal` sees it."""
    if version.organization_id is None:  # a standard one is everybody's: nothing is asked about them
        return LicenseCase(person=Person())
    concerned = principal.user is not None and _concerned(principal.user, version)
    return LicenseCase(person(principal), version.organization_id, concerned)


def _concerned(user: User, version: LicenseVersion) -> bool:
    """Whoever asked under it, holds a grant under it, or is to sign it, of whatever organization now."""
    addresses = verified_addresses(user).values("low")
    stands_in = Party.objects.filter(request__license_version=version).exclude(state__in=GONE)
    return (
        Request.objects.filter(applicant=user, license_version=version).exists()
        or Grant.objects.filter(user=user, license_version=version).exists()
        or stands_in.filter(Q(user=user) | Q(email__in=addresses)).exists()
        or MasterAgreement.objects.filter(license_version=version, signatory_email__in=addresses).exists()
    )


def version_before(version: LicenseVersion) -> LicenseVersion | None:
    """Return what `version` is compared with: the one before it in its line, else what it departs from."""
    line = _versions().filter(license=version.license_id, organization=version.organization_id)
    return line.filter(number__lt=version.number).order_by("-number").first() or version.based_on


def licenses_kept(principal: Principal, now: datetime) -> list[Kept]:
    """Return every license to those who keep them, by name; nothing to others."""
    if not policies.may_keep_licenses(person(principal)):
        return []
    counted = License.objects.annotate(
        how_many=Count("versions", distinct=True), under_way=Count("drafts", distinct=True)
    ).order_by("name")
    releases = _releases_by_license()
    effective = _versions().filter(effective_at__lte=now, organization__isnull=True).order_by("number")
    in_force = {version.license_id: version for version in effective.defer("text")}
    return [
        Kept(each, in_force.get(each.pk), releases.get(each.pk, []), each.how_many, each.under_way)
        for each in counted
    ]


def _releases_by_license() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for license, title in ReleaseTerms.objects.order_by("release__title").values_list(
        "license", "release__title"
    ):
        found.setdefault(license, []).append(title)
    return found


def license_kept(principal: Principal, slug: str) -> License:
    """Return a license to those who keep them. Raises: NotFound."""
    license = License.objects.filter(slug=slug).first()
    if license is None or not policies.may_keep_licenses(person(principal)):
        raise NotFound()
    return license


def versions_kept(license: License) -> QuerySet[LicenseVersion]:
    """Return the license's versions, the newest first, each with `live`: grants under it that stand."""
    live = Count("grants", filter=Q(grants__state__in=states.LIVE_STATES))
    return _versions().filter(license=license).annotate(live=live).order_by("-number")


def versions_to_sign() -> QuerySet[LicenseVersion]:
    """Return the versions that an organization could be asked to accept, the newest of each license first."""
    return _versions().order_by("license__name", "-number")


def drafts_of(license: License) -> QuerySet[LicenseDraft]:
    """Return the license's drafts, the last written first."""
    return license.drafts.select_related("organization", "based_on").order_by("-updated_at")


def draft_for(principal: Principal, id: str) -> LicenseDraft:
    """Return a draft to those who keep licenses. Raises: NotFound."""
    drafts = LicenseDraft.objects.select_related(
        "license", "organization", "based_on__license", "based_on__organization"
    )
    draft = drafts.filter(pk=id).first()
    if draft is None or not policies.may_keep_licenses(person(principal)):
        raise NotFound()
    return draft


def compared_with(draft: LicenseDraft, now: datetime) -> LicenseVersion | None:
    """Return the version that a draft would follow: the newest of its line, else what it departs from."""
    line = _versions().filter(license=draft.license_id, organization=draft.organization_id)
    return line.order_by("-number").first() or draft.based_on or license_in_force(draft.license, now)


def reach_of(draft: LicenseDraft, now: datetime) -> Reach:
    """Return whom publishing the draft reaches."""
    last = draft.license.versions.aggregate(last=Max("number"))["last"] or 0
    live = grants_of_line(draft.license_id, last + 1, draft.organization_id, now)
    in_review = Request.objects.filter(state=states.SUBMITTED, license_version__license=draft.license)
    if draft.organization_id is not None:
        in_review = in_review.filter(organization=draft.organization_id)
    else:
        in_review = in_review.filter(license_version__organization__isnull=True)
    return Reach(live.count(), in_review.count(), _releases_by_license().get(draft.license_id, []))


def organizations() -> Iterable[Organization]:
    """Return every organization, by name, to choose from."""
    return Organization.objects.order_by("name")


def _versions() -> QuerySet[LicenseVersion]:
    return LicenseVersion.objects.select_related(
        "license", "organization", "based_on__license", "based_on__organization"
    )
