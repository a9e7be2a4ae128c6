"""Master agreements: whom they cover, who sees them."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower

from licenses import policies
from licenses.facts import MasterCase
from licenses.models import LicenseVersion, MasterAgreement, MasterMember, Vote
from licenses.queries.facts import person
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core.models import AuditEvent
from portal.core.problems import NotFound


def master_covering(
    user: User, license_version: LicenseVersion | None, now: datetime
) -> MasterAgreement | None:
    """Return the signed master agreement under exactly `license_version` that names `user` at `now`.

    A person is named by e-mail address, so it takes a verified one. Of several the one that ends last.
    """
    named = MasterAgreement.objects.select_related("organization", "license_version__license").filter(
        license_version=license_version,
        signed_at__lte=now,
        ends_at__gt=now,
        members__email__in=verified_addresses(user).values("low"),
        members__removed_at__isnull=True,
    )
    return named.order_by("-ends_at", "pk").first() if license_version is not None else None


def master_case(principal: Principal, master: MasterAgreement, now: datetime) -> MasterCase:
    """Return the agreement as `principal` sees it."""
    user = principal.user
    signatory = user is not None and _is_signatory(user, master)
    to_sign = signatory and master.signed_at is None
    return MasterCase(
        person=person(principal),
        signatory=signatory,
        own_hand=to_sign and user is not None and _had_a_hand(user, master),
        signed=master.signed_at is not None,
        ended=now >= master.ends_at,
    )


def _is_signatory(user: User, master: MasterAgreement) -> bool:
    """Once it is signed that is a person: the address may be somebody else's one day."""
    if master.signed_at is not None:
        return master.signatory_id == user.pk
    return verified_addresses(user).filter(low=master.signatory_email).exists()


def _had_a_hand(user: User, master: MasterAgreement) -> bool:
    """As staff: the log says so, or a verdict of theirs on a request of somebody whom the agreement names."""
    lines = AuditEvent.objects.filter(subject=f"master:{master.pk}", by=user.public_id)
    named = EmailAddress.objects.annotate(low=Lower("email")).filter(
        verified=True, low__in=members_of(master).order_by().values("email")
    )
    verdicts = Vote.objects.filter(
        reviewer=user,
        superseded_at__isnull=True,
        request__license_version=master.license_version_id,
        request__applicant__in=named.values("user"),
    )
    return lines.exists() or verdicts.exists()


def all_masters(principal: Principal) -> QuerySet[MasterAgreement]:
    """Return every master agreement to legal staff, the newest first; nothing to others.

    Each row has `named`: how many people stand in it.
    """
    if not policies.may_see_masters(person(principal)):
        return MasterAgreement.objects.none()
    named = Count("members", filter=Q(members__removed_at__isnull=True))
    return _masters().annotate(named=named).order_by("-created_at", "pk")


def masters_wanted(
    principal: Principal, now: datetime, *, organization: str = "", state: str = ""
) -> QuerySet[MasterAgreement]:
    """Narrow `all_masters`. organization: a part of its name. state: proposed, signed or ended at `now`."""
    rows = all_masters(principal).filter(organization__name__icontains=organization)
    return rows.filter(_stands(state, now)) if state else rows


def _stands(state: str, now: datetime) -> Q:
    if state == "ended":
        return Q(ends_at__lte=now)
    return Q(ends_at__gt=now, signed_at__isnull=state == "proposed")


def master_to_sign(principal: Principal, id: str, now: datetime) -> MasterAgreement:
    """Return an agreement to whoever it asks to sign. Raises: NotFound: there is none, or it asks another."""
    master = _masters().filter(pk=id).first()
    if master is None or not policies.may_read_master(master_case(principal, master, now)):
        raise NotFound()
    return master


def members_of(master: MasterAgreement) -> QuerySet[MasterMember]:
    """Return the people whom the agreement names now, by address."""
    return master.members.filter(removed_at__isnull=True).order_by("email")


def ever_members_of(master: MasterAgreement) -> dict[int, MasterMember]:
    """Return whom the agreement names or ever named, by id."""
    return {member.pk: member for member in master.members.all()}


def _masters() -> QuerySet[MasterAgreement]:
    return MasterAgreement.objects.select_related(
        "organization", "license_version__license", "license_version__organization", "signatory"
    )


def verified_addresses(user: User) -> QuerySet[EmailAddress]:
    """Return the person's verified addresses, each with `low`: in lower case."""
    verified = EmailAddress.objects.filter(user=user, verified=True)
    lowered: QuerySet[EmailAddress] = verified.annotate(low=Lower("email"))
    return lowered
