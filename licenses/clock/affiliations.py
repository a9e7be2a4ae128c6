"""Grants whose holders are no longer of the organization they were given under. R11.

A person who changes something hears of it at once (`licenses.subscriptions`); this finds the others: the
people of an organization whose mail domains went, and whatever was missed.
"""

from collections.abc import Iterator
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models import QuerySet

from licenses import states
from licenses.actions.affiliation import end_affiliation
from licenses.clock.batches import batches, for_each
from licenses.models import Grant
from licenses.reminders import sent


def end_affiliations(*, now: datetime, organization: str | None = None) -> int:
    """Apply the terms' rule to the grants of people who left; return to how many.

    organization: public id of the one that people may have left; every one when left out. A grant is dealt
    with once: one that staff resumed stays resumed.
    """
    held = Grant.objects.filter(state=states.ACTIVE, ends_at__gt=now, organization__isnull=False)
    if organization is not None:
        held = held.filter(organization=organization)
    found = _left(held.select_related("user__organization"))
    return for_each(found, lambda grant: end_affiliation(grant=grant, now=now, anew=False))


def _left(grants: QuerySet[Grant]) -> Iterator[Grant]:
    for batch in batches(grants, "ends_at"):
        known = sent(f"grant:{grant.pk}" for grant in batch)
        confirmed = _confirmed(batch)
        for grant in batch:
            done = (f"grant:{grant.pk}", f"affiliation_ended:{grant.organization_id}") in known
            if grant.pk not in confirmed and not done:
                yield grant


def _confirmed(batch: list[Grant]) -> set[str]:
    """The grants whose holders are still of the organization. As `confirmed_organization`, for many."""
    people = {grant.user_id for grant in batch}
    addresses = EmailAddress.objects.filter(user__in=people, verified=True)
    verified = set(addresses.values_list("user", "email"))
    return {
        grant.pk
        for grant in batch
        if (home := grant.user.organization) is not None
        and home.pk == grant.organization_id
        and home.has_domain_of(grant.user.email)
        and (grant.user_id, grant.user.email) in verified
    }
