"""Who belongs to which organization, and until when.

`User.organization` is the present one; the rows of `Affiliation` are its history and its end, written
wherever it changes.
"""

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from portal.accounts.events import AccountWanted, AffiliationEnded, DetailsCorrected, PersonErased
from portal.accounts.models import Affiliation, Organization, OrganizationManager, RoleGrant, User
from portal.accounts.policies import STAFF_ORGANIZATION, may_speak_for
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.core import audit, events, jobs
from portal.core.problems import Conflict, Invalid, NotPermitted

END_DUE: Final = "accounts.end_affiliations"
END_DUE_EVERY_S: Final = 300
BY_DATE: Final = "system:affiliations"


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


@events.subscribe(PersonErased)
def forget_person(erased: PersonErased) -> None:
    """Of whom nobody knows any more, nobody knows where they were."""
    Affiliation.objects.filter(user=erased.user).delete()
    OrganizationManager.objects.filter(user=erased.user).delete()


jobs.periodic(END_DUE, END_DUE_EVERY_S)
