"""Roles given and taken: by two people, or by the portal's operator while there are not enough people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from portal.accounts import changes, matrix
from portal.accounts.models import RoleGrant, TwoPersonChange, User
from portal.accounts.policies import NOT_PERMITTED, staff_may
from portal.accounts.principals import Principal
from portal.accounts.staff import people_who
from portal.core import audit
from portal.core.problems import Conflict, Invalid, NotPermitted
from portal.core.verdicts import Denied, Verdict

GRANT: Final = "role.grant"
REMOVE: Final = "role.remove"
ENOUGH: Final = 2  # administrators: from then on nobody gives roles alone
OWN_ROLE: Final = Denied(
    "own_account", "This is your own account.", "Ask another administrator to propose it."
)


def propose_role(
    *, user: User, role: str, give: bool, reason: str, by: Principal, now: datetime
) -> TwoPersonChange:
    """Propose that `user` gets a role (give), or loses it; another person has to confirm it.

    Raises: NotPermitted; own_account. Invalid: no such role, or no reason. Conflict: nothing_to_change; the
    account is disabled.
    """
    _require_known(role)
    held = RoleGrant.objects.filter(user=user, role=role).exists()
    if held is give:
        said = "has this role already" if give else "does not have this role"
        raise Conflict("nothing_to_change", f"{user} {said}.", "Load the page again.")
    if give:
        _require_active(user)
    verb = "gets" if give else "loses"
    return changes.propose(
        kind=GRANT if give else REMOVE,
        payload={"user": user.public_id, "role": role},
        summary=f"{user.get_full_name()} ({user.email}) {verb} the role {role.replace('_', ' ')}.",
        reason=reason,
        by=by,
        now=now,
    )


def operator_acts_alone() -> bool:
    """Return whether there are too few administrators for two to agree: the operator's word is enough."""
    return people_who(matrix.ROLES_PROPOSE).count() < ENOUGH


def grant_role(*, user: User, role: str, by: Principal, now: datetime) -> None:
    """Give `user` a role; giving it again changes nothing. For the portal itself: people propose.

    Raises: NotPermitted. Invalid: there is no such role. Conflict: the account is disabled.
    """
    _require_system(by)
    _give(user, role, by.actor, now)


def remove_role(*, user: User, role: str, by: Principal, now: datetime) -> None:
    """Take a role away; it is gone at the person's next request. Otherwise as `grant_role`."""
    _require_system(by)
    _take(user, role, by.actor, now)


def _give(user: User, role: str, by: str, now: datetime) -> None:
    _require_known(role)
    with transaction.atomic():
        # An erasure, or a disabling, waits until this is through: nobody who left is given a role.
        _require_active(_held(user))
        _, made = RoleGrant.objects.get_or_create(user=user, role=role, defaults={"by": by, "at": now})
        if made:
            audit.record("role.granted", by=by, subject=f"user:{user.public_id}", now=now, role=role)


def _take(user: User, role: str, by: str, now: datetime) -> None:
    _require_known(role)
    with transaction.atomic():
        _held(user)
        removed, _ = RoleGrant.objects.filter(user=user, role=role).delete()
        if removed:
            audit.record("role.removed", by=by, subject=f"user:{user.public_id}", now=now, role=role)


def _held(user: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _perform_grant(change: TwoPersonChange, by: Principal, now: datetime) -> dict[str, Any]:
    _give(User.objects.get(public_id=change.payload["user"]), change.payload["role"], by.actor, now)
    return {}


def _perform_remove(change: TwoPersonChange, by: Principal, now: datetime) -> dict[str, Any]:
    _take(User.objects.get(public_id=change.payload["user"]), change.payload["role"], by.actor, now)
    return {}


def may_propose_role(by: Principal, user: str) -> Verdict:
    """May this principal propose that somebody gets or loses a role? Never of themselves. user: public id."""
    verdict = staff_may(by, matrix.ROLES_PROPOSE)
    if not verdict:
        return verdict
    return OWN_ROLE if by.actor == user else verdict


def _may_propose(by: Principal, payload: Mapping[str, Any]) -> Verdict:
    return may_propose_role(by, payload["user"])


def _require_system(by: Principal) -> None:
    if by.system is None:
        raise NotPermitted.from_denied(NOT_PERMITTED)


def _require_active(user: User) -> None:
    if not user.is_active:
        raise Conflict("account_disabled", f"The account of {user} is disabled.", "Enable it first.")


def _require_known(role: str) -> None:
    if role not in matrix.MATRIX:
        raise Invalid(
            detail=f"There is no role {role!r}.",
            next_step=f"Use one of {', '.join(sorted(matrix.MATRIX))}.",
            errors={"role": ["Unknown role."]},
        )


def _concerned(payload: Mapping[str, Any]) -> str:
    return str(payload["user"])


changes.register(GRANT, changes.Kind("Give a role", _perform_grant, _may_propose, _concerned))
changes.register(REMOVE, changes.Kind("Take a role", _perform_remove, _may_propose, _concerned))
