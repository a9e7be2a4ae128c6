"""Affiliations that others end, or a date, and who is admitted again."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from portal.accounts.affiliations import moved, parted
from portal.accounts.events import AccountWanted, AffiliationEnded, DetailsCorrected
from portal.accounts.models import Affiliation, Organization, OrganizationManager, RoleGrant, User
from portal.accounts.policies import STAFF_ORGANIZATION, may_speak_for
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.core import audit, events, jobs
from portal.core.problems import Conflict, Invalid, NotPermitted

END_DUE: Final = "accounts.end_affiliations"
END_DUE_EVERY_S: Final = 300
BY_DATE: Final = "system:affiliations"


def set_end(*, affiliation: Affiliation, ends_at: datetime, by: Principal, now: datetime) -> Affiliation:
    """Say when somebody leaves the organization; a date that has come ends it at once.

    Raises: NotPermitted: neither who speaks for the organization nor an administrator; or the person is
    staff, whose organization says whose requests they may not judge. Conflict(affiliation_ended). Invalid: it
    would end before it began.
    """
    _require_speaker(by, affiliation.organization)
    if ends_at < affiliation.began_at:
        said = "They were not of the organization then."
        raise Invalid(detail="Nothing was changed.", errors={"ends_on": [said]})
    with transaction.atomic():
        events.publish(AccountWanted(affiliation.user, frozenset()))
        user = User.objects.select_for_update(no_key=True).get(pk=affiliation.user_id)
        require_present(by)
        if RoleGrant.objects.filter(user=user).exists():
            raise NotPermitted.from_denied(STAFF_ORGANIZATION)
        if not Affiliation.objects.filter(pk=affiliation.pk, ended_at=None).update(ends_at=ends_at):
            raise Conflict("affiliation_ended", "They have left already.", "Load the page again.")
        audit.record(
            "affiliation.end_set",
            by=by.actor,
            subject=f"user:{user.public_id}",
            now=now,
            organization=affiliation.organization_id,
            ends_at=ends_at.isoformat(),
        )
        if ends_at <= now:
            _end(affiliation, user, by.actor, now)
    affiliation.refresh_from_db()
    return affiliation


def admit(*, affiliation: Affiliation, by: Principal, now: datetime) -> Affiliation:
    """Let somebody be of the organization again whom others ended; return how they stand now.

    Grants that were suspended with it stay so: staff lift that.
    Raises: NotPermitted: neither who speaks for the organization nor an administrator. Conflict: not_parted;
    elsewhere_now: they named another one meanwhile.
    """
    _require_speaker(by, affiliation.organization)
    with transaction.atomic():
        events.publish(AccountWanted(affiliation.user, frozenset()))
        user = User.objects.select_for_update(no_key=True).get(pk=affiliation.user_id)
        require_present(by)
        if not parted(affiliation.organization, now).filter(pk=affiliation.pk, user__is_active=True).exists():
            raise Conflict("not_parted", "They can name the organization already.", "Load the page again.")
        if user.organization_id is not None:
            raise Conflict("elsewhere_now", f"{user} is of another organization now.", "Ask them first.")
        User.objects.filter(pk=user.pk).update(organization=affiliation.organization)
        user.refresh_from_db()
        moved(user=user, by=by.actor, now=now)
        # Not until a date that was named before they left.
        Affiliation.objects.filter(user=user, ended_at=None).update(ends_at=None)
        audit.record(
            "affiliation.admitted",
            by=by.actor,
            subject=f"user:{user.public_id}",
            now=now,
            organization=affiliation.organization_id,
        )
        events.publish(DetailsCorrected(user, ("organization",), now))
    return Affiliation.objects.get(user=user, ended_at=None)


def _end(affiliation: Affiliation, user: User, by: str, now: datetime) -> None:
    """The account and what comes before it in the order of locks are locked."""
    Affiliation.objects.filter(pk=affiliation.pk).update(ended_at=now, ended_by=by)
    if user.organization_id == affiliation.organization_id:
        User.objects.filter(pk=user.pk).update(organization=None)
        user.refresh_from_db()
    OrganizationManager.objects.filter(user=user, organization=affiliation.organization_id).delete()
    audit.record(
        "affiliation.ended",
        by=by,
        subject=f"user:{user.public_id}",
        now=now,
        organization=affiliation.organization_id,
    )
    events.publish(AffiliationEnded(user, now))


def _require_speaker(by: Principal, organization: Organization) -> None:
    verdict = may_speak_for(by, organization)
    if not verdict:
        raise NotPermitted.from_denied(verdict)


@jobs.handler(END_DUE, lease_s=600)
def end_due(payload: dict[str, Any], now: datetime) -> None:
    """End what was to end by now, one person a transaction; what was given under it follows.

    Not of who became staff since the date was named: their organization says whose requests they may not
    judge. It ends once they have no role any more.
    """
    due = _due(now).order_by("ends_at", "pk")
    for affiliation in due.select_related("user"):
        with transaction.atomic():
            events.publish(AccountWanted(affiliation.user, frozenset()))
            user = User.objects.select_for_update(no_key=True).get(pk=affiliation.user_id)
            if _due(now).filter(pk=affiliation.pk).exists():
                _end(affiliation, user, BY_DATE, now)


def _due(now: datetime) -> QuerySet[Affiliation]:
    staff = RoleGrant.objects.filter(user=OuterRef("user"))
    return Affiliation.objects.exclude(Exists(staff)).filter(ended_at=None, ends_at__lte=now)


jobs.periodic(END_DUE, END_DUE_EVERY_S)
