"""Which newer license version a grant's holder is asked to accept, and whose grants one concerns."""

from datetime import datetime

from django.db.models import Q, QuerySet

from licenses import states
from licenses.models import Grant, LicenseVersion


def grants_of_line(license: int, number: int, organization: str | None, now: datetime) -> QuerySet[Grant]:
    """Return the live grants that a version of this number follows: under an earlier version of the license.

    organization: public id of the one it was negotiated with, whose grants it is for; None for a standard
        version, which is for those under a standard one.
    """
    live = Grant.objects.filter(state__in=states.LIVE_STATES, ends_at__gt=now)
    earlier = live.filter(license_version__license=license, license_version__number__lt=number)
    if organization is not None:
        return earlier.filter(organization=organization)
    return earlier.filter(license_version__organization__isnull=True)


def grants_to_ask(version: LicenseVersion, now: datetime) -> QuerySet[Grant]:
    """Return the live grants under an earlier version whose holders are not yet asked by its date."""
    line = grants_of_line(version.license_id, version.number, version.organization_id, now)
    # Asked for an earlier date already: that stands, and is met by accepting this one.
    return line.filter(Q(reaccept_by__isnull=True) | Q(reaccept_by__gt=version.reaccept_by)).order_by("pk")


def demanding() -> QuerySet[LicenseVersion]:
    """Return the versions that live grants under earlier ones must accept, the earliest date first."""
    return (
        LicenseVersion.objects.filter(reaccept_by__isnull=False).order_by("reaccept_by", "pk").defer("text")
    )


def demands_on(grant: Grant) -> QuerySet[LicenseVersion]:
    """Return the versions that live grants such as this one must accept, the newest first."""
    under = grant.license_version
    newer = LicenseVersion.objects.select_related("license", "organization", "based_on").filter(
        license=under.license_id, number__gt=under.number, reaccept_by__isnull=False
    )
    line = Q(pk__in=[])
    if under.organization_id is None:
        line |= Q(organization__isnull=True)
    if grant.organization_id is not None:
        line |= Q(organization=grant.organization_id)
    return newer.filter(line).order_by("-number")


def version_to_accept(grant: Grant, now: datetime) -> LicenseVersion | None:
    """Return the version that the holder is asked to accept now; None where nothing waits for them.

    The question stays open after its date has passed, until the grant ends.
    """
    if grant.reaccept_by is None or grant.state != states.ACTIVE or now >= grant.ends_at:
        return None
    return demands_on(grant).first()
