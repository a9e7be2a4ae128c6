"""What hangs on one of a person's mail addresses: told before they take it away, or make another primary."""

from dataclasses import dataclass, field
from datetime import datetime

from licenses import states
from licenses.models import MasterAgreement, Party
from licenses.queries.affiliation import Leaving, effect_of_leaving
from portal.accounts.models import Organization, User


@dataclass(frozen=True)
class Hanging:
    """invitations: unanswered ones. to_sign: agreements that wait for a signature from there.

    named_in: agreements in force, or to be signed, that name the address. home: the organization that the
    primary address confirms and another would not; grants: those given under it. False where nothing hangs.
    """

    invitations: list[Party] = field(default_factory=list)
    to_sign: list[MasterAgreement] = field(default_factory=list)
    named_in: list[MasterAgreement] = field(default_factory=list)
    home: Organization | None = None
    grants: list[Leaving] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.invitations or self.to_sign or self.named_in or self.home)


def lost_without(email: str, now: datetime) -> Hanging:
    """Return what nobody reaches any more once the verified address `email` is in no account.

    Places in requests that were taken are the person's own by then, and so are signed agreements.
    """
    low = email.lower()
    asked = Party.objects.filter(email=low, user__isnull=True, state=Party.State.INVITED)
    asked = asked.filter(request__state__in=states.OPEN_STATES)
    standing = MasterAgreement.objects.filter(ends_at__gt=now).select_related("organization")
    named = standing.filter(members__email=low, members__removed_at__isnull=True)
    return Hanging(
        invitations=list(asked.select_related("request__applicant").order_by("asked_at", "id")),
        to_sign=list(standing.filter(signatory_email=low, signed_at__isnull=True).order_by("id")),
        named_in=list(named.order_by("organization__name", "id")),
    )


def lost_by_primary(user: User, email: str, now: datetime) -> Hanging:
    """Return what ends once `email` is the primary address of `user`: that alone confirms an organization."""
    home = user.organization
    if home is None or not home.has_domain_of(user.email) or home.has_domain_of(email):
        return Hanging()
    given = [each for each in effect_of_leaving(user, "", now) if each.grant.organization_id == home.pk]
    return Hanging(home=home, grants=given)
