"""Releases as the pages show them: each with its terms, its current revision and the reader's standing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from licenses import policies, queries
from licenses.facts import Facts
from licenses.models import LicenseVersion, ReleaseTerms
from portal.accounts.principals import Principal
from portal.web.pace import pace_of
from portal.web.standing import Standing, standing
from weights_vault import queries as vault
from weights_vault import recalls
from weights_vault.models import Release, Revision
from weights_vault.ports import access_policy


@dataclass(frozen=True)
class Row:
    """revision carries plain_size and file_count. What there is not is None."""

    release: Release
    terms: ReleaseTerms | None
    license: LicenseVersion | None
    revision: Revision | None
    standing: Standing


def rows(principal: Principal, now: datetime) -> list[Row]:
    """What the reader may see, by title, in a number of queries that does not grow with it."""
    releases = list(
        vault.with_published(access_policy().visible_releases(principal)).order_by("title", "slug")
    )
    facts = queries.facts_by_release(principal, releases)
    terms = queries.terms_by_release(releases)
    organization = queries.confirmed_organization(principal)
    licenses = queries.licenses_in_force(terms.values(), now, organization)
    return [
        Row(
            release=release,
            terms=terms.get(release.pk),
            license=licenses.get(terms[release.pk].license_id) if release.pk in terms else None,
            revision=_current(release),
            standing=_standing(facts[release.pk], release, now),
        )
        for release in releases
    ]


def page_of(principal: Principal, release: Release, now: datetime) -> dict[str, Any]:
    """Context of the page of one release, which the reader may see."""
    terms = queries.terms_by_release([release]).get(release.pk)
    organization = queries.confirmed_organization(principal)
    license = queries.license_in_force(terms.license, now, organization) if terms else None
    revision = vault.current_revision(release)
    files = vault.files_of(revision) if revision else []
    return {
        "release": release,
        "terms": terms,
        "license": license,
        "revision": revision,
        "recalled": recalls.recalled_of(release),
        "files": files,
        "total": sum(file.size for file in files),
        "standing": _standing(queries.facts(principal, release), release, now),
        "pace": pace_of(release),
    }


def _current(release: Release) -> Revision | None:
    published: list[Revision] = release.published  # type: ignore[attr-defined] # by vault.with_published
    return next(iter(published), None)


def _standing(facts: Facts, release: Release, now: datetime) -> Standing:
    verdict = policies.access(facts, "manifest", now)
    return standing(
        verdict,
        release.slug,
        request_id=facts.request.id if facts.request else "",
        grant_id=facts.grant.id if facts.grant else "",
    )
