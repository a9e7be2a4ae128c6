"""The vault's port, fulfilled: every question of access goes through the one rule."""

from datetime import datetime

from django.db.models import QuerySet

from licenses import policies, queries
from licenses.evidence_of_votes import evidence_of
from licenses.models import ReleaseTerms
from portal.accounts.principals import Principal
from portal.core.verdicts import Verdict
from weights_vault.models import RecipientKey, Release, Revision
from weights_vault.ports import Evidence, Purpose


class LicenseAccess:
    """`weights_vault.ports.AccessPolicy` by licenses and grants. Reads afresh at each question."""

    def judge(
        self,
        principal: Principal,
        release: Release,
        purpose: Purpose,
        *,
        now: datetime,
        revision: Revision | None = None,
        key: RecipientKey | None = None,
        grant: str | None = None,
        lock: bool = False,
    ) -> Verdict:
        """May `principal` do this with `release` now? See `policies.access`."""
        found = queries.facts(principal, release, revision=revision, key=key, grant=grant, lock=lock)
        return policies.access(found, purpose, now)

    def evidence(self, grant: str) -> Evidence:
        """What proves the grant: its votes as they were signed. See `evidence_of_votes`."""
        return evidence_of(grant)

    def may_publish(self, release: Release) -> Verdict:
        """Do the release's terms let a revision of it be published at all?"""
        terms = ReleaseTerms.objects.filter(release=release).first()
        return policies.may_publish(queries.release_facts(release, terms))

    def visible_releases(self, principal: Principal) -> QuerySet[Release]:
        """The releases that `judge(…, "see")` allows this principal."""
        return queries.visible_releases(principal)
