"""What leaving an organization does to a person's grants: the terms' rule, told before it happens. R11."""

from dataclasses import dataclass
from datetime import datetime

from licenses import states
from licenses.models import Grant, ReleaseTerms
from licenses.queries.lists import terms_by_release
from portal.accounts.models import User


@dataclass(frozen=True)
class Leaving:
    """A grant that was given under an organization. keeps: by the terms it stays with the person."""

    grant: Grant
    keeps: bool


def effect_of_leaving(user: User, to: str, now: datetime) -> list[Leaving]:
    """Return the person's standing grants that were given under another organization than `to`, by name."""
    held = Grant.objects.filter(
        user=user, state=states.ACTIVE, ends_at__gt=now, organization__isnull=False
    ).exclude(organization__name__iexact=" ".join(to.split()))
    grants = list(held.select_related("release", "organization").order_by("release__title", "id"))
    terms = terms_by_release(grant.release for grant in grants)
    keep = ReleaseTerms.OnAffiliationEnd.KEEP
    return [Leaving(grant, terms[grant.release_id].on_affiliation_end == keep) for grant in grants]
