"""The people of the portal, for who manages them and who audits that."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from portal.accounts import browsers, matrix
from portal.accounts.actions.erasing import ERASED_DOMAIN
from portal.accounts.models import AccessToken, Device, RoleGrant, User
from portal.accounts.policies import staff_may
from portal.accounts.principals import Principal
from portal.core.problems import NotFound

STATES = ("active", "disabled", "erased")


@dataclass(frozen=True)
class PeopleWanted:
    """Which people to show; what is left empty narrows nothing.

    text: a part of a name, an address or an organization's name, or a public id. role: one of the matrix.
    state: of `STATES`.
    """

    text: str = ""
    role: str = ""
    state: str = ""


@dataclass(frozen=True)
class Access:
    """What opens the portal in somebody's name now: how many of each."""

    sessions: int
    tokens: int
    devices: int


def people(principal: Principal, wanted: PeopleWanted | None = None) -> QuerySet[User]:
    """Return people by name, to who may read of them; nobody to others."""
    if not staff_may(principal, matrix.PEOPLE_READ):
        return User.objects.none()
    wanted = wanted or PeopleWanted()
    rows = User.objects.select_related("organization").prefetch_related("role_grants")
    if wanted.text:
        said = wanted.text.strip()
        holds = Q(full_name__icontains=said) | Q(email__icontains=said) | Q(public_id=said)
        rows = rows.filter(holds | Q(organization__name__icontains=said))
    if wanted.role:
        rows = rows.filter(pk__in=RoleGrant.objects.filter(role=wanted.role).values("user"))
    return _in_state(rows, wanted.state).order_by("full_name", "email", "pk")


def person_for(principal: Principal, public_id: str) -> User:
    """Return one of them. Raises: NotFound."""
    found = people(principal).filter(public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


def access_of(user: User, now: datetime) -> Access:
    """Count the live sessions, tokens and devices of an account."""
    live = {"user": user, "ended_at": None, "expires_at__gt": now}
    return Access(
        sessions=len(browsers.live(user, now)),
        tokens=AccessToken.objects.filter(**live).count(),
        devices=Device.objects.filter(**live).count(),
    )


def _in_state(rows: QuerySet[User], state: str) -> QuerySet[User]:
    erased = Q(email__endswith=f"@{ERASED_DOMAIN}")
    match state:
        case "active":
            return rows.filter(is_active=True)
        case "disabled":
            return rows.filter(~erased, is_active=False)
        case "erased":
            return rows.filter(erased)
    return rows
