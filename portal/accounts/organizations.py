"""Organizations as their managers, administrators and auditors read them."""

from django.db.models import Count, Q, QuerySet

from portal.accounts import matrix
from portal.accounts.models import Affiliation, Organization
from portal.accounts.policies import may_sign_in, staff_may
from portal.accounts.principals import Principal
from portal.core.problems import NotFound


def organizations(principal: Principal, text: str = "") -> QuerySet[Organization]:
    """Return the organizations by name: every one to who reads about people, else those that the person
    manages. text: a part of a name or of a domain.

    Each has `count`: how many people say that they are of it.
    """
    rows = Organization.objects.annotate(count=Count("people", distinct=True)).order_by("name")
    if not staff_may(principal, matrix.PEOPLE_READ):
        own = principal.user if may_sign_in(principal) and principal.is_session else None
        # Who looks as another role is none of the organization's managers meanwhile.
        if own is None or principal.looking_as is not None:
            return rows.none()
        rows = rows.filter(pk__in=own.manages.values("organization"))
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(claims__domain__icontains=text)).distinct()
    return rows


def organization_for(principal: Principal, id: str) -> Organization:
    """Return one of them. Raises: NotFound."""
    found = organizations(principal).filter(pk=id).first()
    if found is None:
        raise NotFound()
    return found


def people_of(organization: Organization) -> QuerySet[Affiliation]:
    """Return who is of the organization now, by name."""
    standing = Affiliation.objects.filter(organization=organization, ended_at=None, user__is_active=True)
    return standing.select_related("user").order_by("user__full_name", "user__email")
