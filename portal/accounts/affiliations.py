"""Who belongs to which organization, and until when.

`User.organization` is the present one; the rows of `Affiliation` are its history and its end, written
wherever it changes. Ending one, and admitting somebody again: `actions.affiliations`.
"""

from datetime import datetime

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from portal.accounts.events import PersonErased
from portal.accounts.models import Affiliation, Organization, OrganizationManager, User
from portal.core import events
from portal.core.problems import Invalid


def moved(*, user: User, by: str, now: datetime) -> None:
    """Keep the rows in step with `user.organization`, which just changed in the current transaction."""
    standing = Affiliation.objects.filter(user=user, ended_at=None)
    standing.exclude(organization=user.organization_id).update(ended_at=now, ended_by=by)
    # Who left an organization does not speak for it.
    OrganizationManager.objects.filter(user=user).exclude(organization=user.organization_id).delete()
    if user.organization_id is not None and not standing.exists():
        # Who goes away and comes back stays until the date that was named, not longer.
        before = Affiliation.objects.filter(user=user, organization=user.organization_id, ends_at__gt=now)
        ends_at = before.order_by("-ended_at").values_list("ends_at", flat=True).first()
        Affiliation.objects.create(
            user=user, organization_id=user.organization_id, began_at=now, ends_at=ends_at
        )


def parted(organization: Organization, now: datetime) -> QuerySet[Affiliation]:
    """Return how those left whom others ended, and who have not been admitted again; the newest first.

    A mailbox at the organization's domain may outlive that: it does not let them in again by itself. Nor does
    it help to go before the date that was named and to come back after it.
    """
    later = Affiliation.objects.filter(
        user=OuterRef("user"), organization=OuterRef("organization"), began_at__gt=OuterRef("began_at")
    )
    ended = Affiliation.objects.filter(organization=organization, ended_at__isnull=False)
    by_others = ended.filter(~Q(ended_by=F("user__public_id")) | Q(ends_at__lte=now)).exclude(Exists(later))
    return by_others.select_related("user").order_by("-ended_at", "pk")


def require_admitted(user: User, organization: Organization | None, now: datetime) -> None:
    """Raises: Invalid: others said that they are of this organization no longer."""
    if organization is not None and parted(organization, now).filter(user=user).exists():
        said = (
            f"Those who speak for {organization} said that you are of it no longer. "
            f"Ask them to admit you again, or write to {settings.CONTACT_EMAIL}."
        )
        raise Invalid(detail="Your details were not changed.", errors={"organization": [said]})


@events.subscribe(PersonErased)
def forget_person(erased: PersonErased) -> None:
    """Of whom nobody knows any more, nobody knows where they were."""
    Affiliation.objects.filter(user=erased.user).delete()
    OrganizationManager.objects.filter(user=erased.user).delete()
