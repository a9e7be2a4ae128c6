"""The roles of staff. What each may do: `portal.accounts.matrix`."""

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser

from portal.accounts.models import RoleGrant, User

REVIEWER = "reviewer"
LEGAL_LEAD = "legal_lead"
RELEASE_MANAGER = "release_manager"
AUDITOR = "auditor"
ADMINISTRATOR = "administrator"
# Everybody without a role of staff; no row, and in no matrix.
RESEARCHER = "researcher"
STAFF_ROLES = frozenset({REVIEWER, LEGAL_LEAD, RELEASE_MANAGER, AUDITOR, ADMINISTRATOR})


def roles_of(user: User | AnonymousUser | None) -> frozenset[str]:
    """Return the roles that `user` has now; none for nobody and for a disabled account.

    Read from the database at each call: a removed role is gone at the next request.
    """
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    return held(user, RoleGrant.objects.filter(user=user).values_list("role", flat=True))


def held(user: User, granted: Iterable[str | None]) -> frozenset[str]:
    """Return the roles of an account to which these were granted: a disabled one holds none."""
    if not user.is_active:
        return frozenset()
    superuser = {ADMINISTRATOR} if user.is_superuser else set()
    return frozenset({role for role in granted if role} | superuser)
