"""The same answers for many things at once, in a number of queries that does not grow with them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import F

from licenses import policies
from licenses.facts import Facts, RevisionFacts
from licenses.models import Grant, LicenseVersion, ReleaseTerms, Request
from licenses.queries.facts import (
    any_submitted,
    asking,
    best_grant,
    for_organization,
    grant_facts,
    key_facts,
    latest_request,
    person,
    release_facts,
)
from licenses.queries.lists import terms_by_release
from licenses.queries.one_grant import grants_within, requests_within
from portal.accounts.models import Organization
from portal.accounts.principals import Principal
from portal.core.verdicts import Verdict
from weights_vault.models import Release, Revision


def facts_by_release(principal: Principal, releases: Iterable[Release]) -> dict[int, Facts]:
    """Return, by release primary key, what `facts` returns for each, of the current revision."""
    every = list(releases)
    return _facts(principal, every, _grants(principal, every))


def _facts(
    principal: Principal, every: list[Release], grants: defaultdict[int, list[Grant]]
) -> dict[int, Facts]:
    """grants: the principal's, by release primary key."""
    terms = terms_by_release(every)
    who, key = person(principal), key_facts(principal)
    requests, revisions = _requests(principal, every), _revisions(every)
    return {
        release.pk: Facts(
            person=who,
            release=release_facts(release, terms.get(release.pk)),
            request=latest_request(requests[release.pk]),
            grant=best_grant(grants[release.pk]),
            revision=revisions.get(release.pk),
            key=key,
            asked=any_submitted(requests[release.pk]),
        )
        for release in every
    }


def verdicts_by_release(
    principal: Principal, releases: Iterable[Release], purpose: str, now: datetime
) -> dict[int, Verdict]:
    """Return, by release primary key, what the rule of access says to `purpose`."""
    facts = facts_by_release(principal, releases)
    return {pk: policies.access(found, purpose, now) for pk, found in facts.items()}


def verdicts_by_grant(
    principal: Principal, grants: Sequence[Grant], purpose: str, now: datetime
) -> dict[str, Verdict]:
    """Return, by grant id, what the rule of access says to `purpose` under just that grant."""
    # The grant in question takes the place of the best one: no others are read.
    facts = _facts(principal, list({grant.release for grant in grants}), defaultdict(list))
    own = principal.user.pk if principal.user else None
    return {
        grant.pk: policies.access(
            replace(facts[grant.release_id], grant=grant_facts(grant) if grant.user_id == own else None),
            purpose,
            now,
        )
        for grant in grants
    }


def licenses_in_force(
    terms: Iterable[ReleaseTerms], now: datetime, organization: Organization | str | None = None
) -> dict[int, LicenseVersion]:
    """Return, by license primary key, what `license_in_force` returns for each, in one query."""
    licenses = {each.license_id for each in terms}
    versions = LicenseVersion.objects.select_related("license").filter(
        for_organization(organization), license__in=licenses, effective_at__lte=now
    )
    # The last one of each license stays: a negotiated one, with the highest number.
    ordered = versions.order_by(F("organization").asc(nulls_first=True), "number")
    return {version.license_id: version for version in ordered}


def _revisions(releases: list[Release]) -> dict[int, RevisionFacts]:
    """What `revision_for` finds of each release: the current revision, or the newest with all recalled."""
    published = Revision.objects.filter(release__in=releases, sequence__isnull=False).order_by("sequence")
    found: dict[int, RevisionFacts] = {}
    for release, *fields in published.values_list("release", "name", "state", "state_reason"):
        facts = RevisionFacts(*fields)
        if facts.state == Revision.State.PUBLISHED:
            found[release] = replace(facts, reason="")
        elif release not in found or found[release].state != Revision.State.PUBLISHED:
            found[release] = facts
    return found


def _requests(principal: Principal, releases: list[Release]) -> defaultdict[int, list[Request]]:
    found: defaultdict[int, list[Request]] = defaultdict(list)
    if principal.user is None:
        return found
    wanted = {release.pk for release in releases}
    every = requests_within(principal, asking(principal.user))
    own = every.filter(requested__release__in=wanted).distinct()
    for request in own.prefetch_related("requested", "decisions"):
        for requested in request.requested.all():
            found[requested.release_id].append(request)
    return found


def _grants(principal: Principal, releases: list[Release]) -> defaultdict[int, list[Grant]]:
    found: defaultdict[int, list[Grant]] = defaultdict(list)
    if principal.user is None:
        return found
    own = grants_within(principal, Grant.objects.filter(user=principal.user, release__in=releases))
    for grant in own.order_by("-starts_at", "-id"):
        found[grant.release_id].append(grant)
    return found
