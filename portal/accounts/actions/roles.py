"""Roles given and taken."""

from datetime import datetime

from django.db import transaction

from portal.accounts.models import RoleGrant, User
from portal.accounts.policies import may_manage_people
from portal.accounts.principals import Principal
from portal.accounts.roles import STAFF_ROLES
from portal.core import audit
from portal.core.problems import Invalid, NotPermitted


def grant_role(*, user: User, role: str, by: Principal, now: datetime) -> None:
    """Give `user` a role; giving it again changes nothing.

    Raises: NotPermitted. Invalid: there is no such role.
    """
    _allow(by, role)
    with transaction.atomic():
        _, made = RoleGrant.objects.get_or_create(user=user, role=role, defaults={"by": by.actor, "at": now})
        if made:
            audit.record("role.granted", by=by.actor, subject=f"user:{user.public_id}", now=now, role=role)


def remove_role(*, user: User, role: str, by: Principal, now: datetime) -> None:
    """Take a role away; it is gone at the person's next request. Taking it again changes nothing.

    Raises: NotPermitted. Invalid: there is no such role.
    """
    _allow(by, role)
    with transaction.atomic():
        removed, _ = RoleGrant.objects.filter(user=user, role=role).delete()
        if removed:
            audit.record("role.removed", by=by.actor, subject=f"user:{user.public_id}", now=now, role=role)


def _allow(by: Principal, role: str) -> None:
    verdict = may_manage_people(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    if role not in STAFF_ROLES:
        raise Invalid(
            detail=f"There is no role {role!r}.",
            next_step=f"Use one of {', '.join(sorted(STAFF_ROLES))}.",
            errors={"role": ["Unknown role."]},
        )
