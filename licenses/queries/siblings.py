"""Releases that one request can ask for together: of one model, under the same terms."""

from collections.abc import Iterable
from datetime import datetime

from licenses import policies
from licenses.models import ReleaseTerms
from licenses.queries.many import facts_by_release
from portal.accounts.principals import Principal
from weights_vault.models import Release

# What one decision and one license text must be the same for.
SAME = ("license_id", "questions", "quorum", "strategy", "stage", "grant_days", "signatory")


def go_together(one: ReleaseTerms, other: ReleaseTerms) -> bool:
    """Whether one request can be for the releases of both."""
    same_model = one.release.model_id == other.release.model_id
    return same_model and all(getattr(one, name) == getattr(other, name) for name in SAME)


def siblings(principal: Principal, release: Release, now: datetime) -> list[Release]:
    """Return the other releases that the person may ask for together with `release`, by title."""
    own = ReleaseTerms.objects.select_related("release").filter(release=release).first()
    if own is None:
        return []
    others = ReleaseTerms.objects.select_related("release").filter(
        release__model=release.model_id, license=own.license_id, strategy=own.strategy, stage=own.stage
    )
    found = [each.release for each in others.exclude(release=release) if go_together(own, each)]
    return sorted(_open_to(principal, found, now), key=lambda each: each.title)


def _open_to(principal: Principal, releases: Iterable[Release], now: datetime) -> list[Release]:
    every = list(releases)
    facts = facts_by_release(principal, every)
    return [release for release in every if policies.may_draft(facts[release.pk], now)]
