"""The staff's list of grants, and what narrows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet

from licenses import policies, states
from licenses.models import Grant, License
from licenses.queries.facts import person
from portal.accounts.models import Organization, User
from portal.accounts.principals import Principal
from weights_vault.models import Release

ENDING_SOON: Final = timedelta(days=60)


@dataclass(frozen=True)
class GrantFilters:
    """What a list of grants is narrowed to; what is empty narrows nothing.

    state: a word of `_in_state`. organization: under which it was given; its id, its name or a part of it.
    license, release: their slugs. person: a part of the holder's name or address.
    """

    state: str = ""
    organization: str = ""
    license: str = ""
    release: str = ""
    person: str = ""


def _live(now: datetime) -> Q:
    return Q(state__in=states.LIVE_STATES, ends_at__gt=now)


def _in_state(word: str, now: datetime) -> Q:
    held = Q(state=states.SUSPENDED)
    meant = {
        "active": Q(state=states.ACTIVE, ends_at__gt=now),
        "ending": _live(now) & Q(ends_at__lte=now + ENDING_SOON),
        "reaccept": _live(now) & Q(reaccept_by__isnull=False),
        "suspended": held,
        "affiliation": held & Q(state_reason__startswith=states.AFFILIATION_ENDED),
        "expired": Q(state__in=states.LIVE_STATES, ends_at__lte=now),
        "revoked": Q(state=states.REVOKED),
        "closed": Q(state=states.CLOSED),
    }
    return meant.get(word, Q())


def find_grants(principal: Principal, wanted: GrantFilters, now: datetime) -> QuerySet[Grant]:
    """Return the grants that fit, for legal staff; nothing for others. What ends soon stands in that order,
    everything else the newest first."""
    if not policies.may_review(person(principal)):
        return Grant.objects.none()
    found = _joined().filter(_in_state(wanted.state, now))
    if wanted.organization:
        found = found.filter(organization__in=_organizations(wanted.organization))
    if wanted.license:
        found = found.filter(license_version__license__slug=wanted.license)
    if wanted.release:
        found = found.filter(release__slug=wanted.release)
    if wanted.person:
        people = User.objects.filter(
            Q(full_name__icontains=wanted.person) | Q(email__icontains=wanted.person)
        )
        found = found.filter(user__in=people)
    return found.order_by("ends_at", "pk") if wanted.state == "ending" else found


def grants_by_id(principal: Principal, ids: Iterable[str]) -> list[Grant]:
    """Return those of the grants that there are, in the order of `ids`, to legal staff; nothing to others."""
    if not policies.may_review(person(principal)):
        return []
    wanted = list(ids)
    found = {grant.pk: grant for grant in _joined().filter(pk__in=wanted)}
    return [found[pk] for pk in wanted if pk in found]


def organization_meant(said: str) -> Organization | None:
    """Return the one organization that the words name; None where they fit several, or none."""
    fitting = list(_organizations(said)[:2]) if said else []
    return fitting[0] if len(fitting) == 1 else None


def grant_choices() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the licenses and the releases to choose from, as (slug, name)."""
    licenses = License.objects.order_by("name").values_list("slug", "name")
    return list(licenses), list(Release.objects.order_by("title").values_list("slug", "title"))


def _organizations(said: str) -> QuerySet[Organization]:
    """An id or a whole name means one; else every name with the words in it."""
    exact = Organization.objects.filter(Q(pk=said) | Q(name__iexact=said))
    return exact if exact.exists() else Organization.objects.filter(name__icontains=said)


def _joined() -> QuerySet[Grant]:
    return Grant.objects.select_related("user", "organization", "release", "license_version__license").defer(
        "license_version__text"
    )
