"""The mail domains that an organization claims, and who speaks for it.

A domain is shown by a code that is mailed to whoever runs it, or an administrator of the portal vouches.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from portal.accounts.actions.organizations import checked_domain, every_held, set_domains
from portal.accounts.models import Organization, OrganizationDomain, OrganizationManager, User
from portal.accounts.policies import may_keep_organization, may_speak_for
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal, system_principal
from portal.core import audit
from portal.core.outbox import queue_rendered
from portal.core.problems import Conflict, Invalid, NotFound, NotPermitted
from portal.core.verdicts import Verdict

# Who has mail there runs the domain: RFC 2142, and what certificate authorities accept.
ADMINISTRATIVE: Final = ("postmaster", "hostmaster", "webmaster", "admin", "administrator")
CODE_LIVES: Final = timedelta(hours=24)
MOST_WRONG: Final = 5
MOST_CLAIMS: Final = 20
_CODE_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ23456789"
_CODE_LENGTH: Final = 10
_MAIL: Final = "accounts/mail/domain_code"


def claim(*, organization: Organization, domain: str, by: Principal, now: datetime) -> OrganizationDomain:
    """Write that the organization says a domain is its own. It counts for nothing until it is shown.

    Raises: NotPermitted. Invalid: not a domain. Conflict: domain_taken, domain_claimed, too_many_claims.
    """
    _require(may_speak_for(by, organization))
    domain = checked_domain(domain)
    with transaction.atomic():
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        require_present(by)
        if OrganizationDomain.objects.filter(organization=organization).count() >= MOST_CLAIMS:
            raise Conflict("too_many_claims", f"{MOST_CLAIMS} domains are claimed.", "Remove one first.")
        if OrganizationDomain.objects.filter(organization=organization, domain=domain).exists():
            raise Conflict("domain_claimed", f"{domain} is claimed already.", "Show that it is yours.")
        made = OrganizationDomain.objects.create(
            organization=organization, domain=domain, claimed_by=by.actor, claimed_at=now
        )
        _note("claimed", made, by, now)
    return made


def send_code(*, claimed: OrganizationDomain, to: str, by: Principal, now: datetime) -> None:
    """Mail a code to an administrative address of the domain; an earlier code is void.

    to: one of `ADMINISTRATIVE`. Raises: NotPermitted. Invalid: another address. Conflict: domain_verified.
    """
    _require(may_speak_for(by, claimed.organization))
    if to not in ADMINISTRATIVE:
        raise Invalid(detail="Nothing was sent.", errors={"to": ["Choose one of these addresses."]})
    code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))
    with transaction.atomic():
        require_present(by)
        waiting = OrganizationDomain.objects.filter(pk=claimed.pk, verified_at=None)
        if not waiting.update(digest=_digest(code), code_ends_at=now + CODE_LIVES, wrong_codes=0):
            raise Conflict("domain_verified", f"{claimed.domain} is shown already.", "Nothing is left to do.")
        queue_rendered(
            to=f"{to}@{claimed.domain}",
            template=_MAIL,
            subject=f"A code for {claimed.domain}",
            text=_said(claimed, code, by.person),
            ephemeral=True,
        )
        _note("code_sent", claimed, by, now)


def verify(*, claimed: OrganizationDomain, code: str, by: Principal, now: datetime) -> OrganizationDomain:
    """Take the code that was mailed: the domain is the organization's from now on.

    Raises: NotPermitted. Invalid(wrong_code). Conflict: no_code, domain_verified, domain_taken.
    """
    _require(may_speak_for(by, claimed.organization))
    with transaction.atomic():
        row = _held(claimed)
        require_present(by)
        if row.verified_at is not None:
            raise Conflict("domain_verified", f"{row.domain} is shown already.", "Nothing is left to do.")
        over = row.code_ends_at is None or now >= row.code_ends_at or row.wrong_codes >= MOST_WRONG
        if not row.digest or over:
            raise Conflict("no_code", "There is no code that could be entered.", "Have a new one sent.")
        right = secrets.compare_digest(row.digest, _digest(code.strip().upper()))
        if right:
            _keep(row, OrganizationDomain.How.MAIL, by, now)
        else:
            OrganizationDomain.objects.filter(pk=row.pk).update(wrong_codes=row.wrong_codes + 1)
    if not right:
        raise Invalid("wrong_code", "This is not the code.", errors={"code": ["This is not the code."]})
    row.refresh_from_db()
    return row


def vouch(*, claimed: OrganizationDomain, by: Principal, now: datetime) -> None:
    """An administrator knows that the domain is the organization's, which is not their own.

    Raises: NotPermitted; own_organization. NotFound. Conflict.
    """
    _require(may_keep_organization(by, claimed.organization))
    with transaction.atomic():
        row = _held(claimed)
        require_present(by)
        if row.verified_at is None:
            _keep(row, OrganizationDomain.How.STAFF, by, now)


def remove(*, claimed: OrganizationDomain, by: Principal, now: datetime) -> None:
    """Take a claim back, and the domain: people there are confirmed no longer.

    Raises: NotPermitted. NotFound: it was taken back already.
    """
    _require(may_speak_for(by, claimed.organization))
    with transaction.atomic():
        organization = _held(claimed).organization
        require_present(by)
        left = [domain for domain in organization.domains if domain != claimed.domain]
        OrganizationDomain.objects.filter(pk=claimed.pk).delete()
        set_domains(organization=organization, domains=left, by=system_principal("domains"), now=now)
        _note("removed", claimed, by, now)


def name_manager(*, organization: Organization, user: User, by: Principal, now: datetime) -> None:
    """Let one of its people speak for an organization.

    Raises: NotPermitted; own_organization. Conflict: not_of_it.
    """
    _require(may_keep_organization(by, organization))
    with transaction.atomic():
        # Whoever leaves meanwhile waits, and then speaks for it no longer.
        user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        require_present(by)
        if user.organization_id != organization.pk or not user.is_active:
            said = f"{user} is not of {organization}."
            raise Conflict("not_of_it", said, "They say so in their own details.")
        given = {"by": by.actor, "at": now}
        _, made = OrganizationManager.objects.get_or_create(
            organization=organization, user=user, defaults=given
        )
        if made:
            _note_manager("named", organization, user, by, now)


def remove_manager(*, manager: OrganizationManager, by: Principal, now: datetime) -> None:
    """Somebody speaks for the organization no longer, from their next request on.

    Raises: NotPermitted; own_organization.
    """
    _require(may_keep_organization(by, manager.organization))
    with transaction.atomic():
        require_present(by)
        if OrganizationManager.objects.filter(pk=manager.pk).delete()[0]:
            _note_manager("removed", manager.organization, manager.user, by, now)


def _held(claimed: OrganizationDomain) -> OrganizationDomain:
    """Return the claim as it stands now, locked behind the organizations. Raises: NotFound."""
    every = {row.pk: row for row in every_held()}
    row = OrganizationDomain.objects.select_for_update(no_key=True).filter(pk=claimed.pk).first()
    if row is None:
        raise NotFound()
    row.organization = every[row.organization_id]
    return row


def _keep(row: OrganizationDomain, how: str, by: Principal, now: datetime) -> None:
    organization = row.organization
    changes = {"verified_at": now, "verified_how": how, "digest": "", "code_ends_at": None}
    try:
        with transaction.atomic():
            OrganizationDomain.objects.filter(pk=row.pk).update(**changes)
    except IntegrityError as error:
        taken = f"{row.domain} is another organization's."
        raise Conflict("domain_taken", taken, "Write to the portal's staff.") from error
    domains = {*organization.domains, row.domain}
    set_domains(organization=organization, domains=domains, by=system_principal("domains"), now=now)
    _note("verified", row, by, now, how=str(how))


def _digest(code: str) -> str:
    return hashlib.sha256(f"weights-portal domain code\0{code}".encode()).hexdigest()


def _said(claimed: OrganizationDomain, code: str, person: User) -> str:
    who, home = f"{person.get_full_name()} ({person.email})", claimed.organization.name
    return (
        f"{who} says that {claimed.domain} belongs to {home}. If that is so, give them this code; it is good"
        f" for a day:\n\n{code}\n\nIf you do not know them, or it is not so, do nothing: without the code"
        " nothing happens.\n"
    )


def _note(what: str, row: OrganizationDomain, by: Principal, now: datetime, **data: str) -> None:
    subject = f"organization:{row.organization_id}"
    audit.record(
        f"domain.{what}", by=by.actor, subject=subject, now=now, domain=row.domain, how=data.get("how", "")
    )


def _note_manager(what: str, organization: Organization, user: User, by: Principal, now: datetime) -> None:
    audit.record(
        f"manager.{what}",
        by=by.actor,
        subject=f"organization:{organization.pk}",
        now=now,
        person=user.public_id,
    )


def _require(verdict: Verdict) -> None:
    if not verdict:
        raise NotPermitted.from_denied(verdict)
