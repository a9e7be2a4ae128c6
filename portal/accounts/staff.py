"""Which people may do what, as queries: for mails, and for lists of who could."""

from typing import Any

from django.db.models import QuerySet

from portal.accounts.matrix import Capability, holders
from portal.accounts.models import RoleGrant, User


def granted(capability: Capability) -> QuerySet[RoleGrant, Any]:
    """Return the primary keys of whoever has a role with the capability, as a subquery: a person with two
    such roles stands in it twice, and must not be joined twice."""
    roles = sorted(holders(capability))
    return RoleGrant.objects.filter(role__in=roles).order_by().values("user")


def people_who(capability: Capability) -> QuerySet[User]:
    """Return the people with the capability whose accounts are not disabled, each once."""
    return User.objects.filter(is_active=True, pk__in=granted(capability))
