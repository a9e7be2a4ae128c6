"""The mail domains by which an organization's people are known."""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import DomainNameValidator
from django.db import transaction

from portal.accounts.events import DomainsRemoved
from portal.accounts.models import Organization, OrganizationDomain
from portal.accounts.policies import may_manage_people
from portal.accounts.principals import Principal
from portal.core import audit, events
from portal.core.problems import Conflict, Invalid, NotPermitted

_is_domain = DomainNameValidator(accept_idna=False)


def set_domains(
    *, organization: Organization, domains: Collection[str], by: Principal, now: datetime
) -> None:
    """Replace the domains of `organization`; its people are confirmed, or no longer, at their next request.

    domains: such as "example.org", in any case; an empty collection confirms nobody. Only domains where the
    organization alone gives out addresses: never those of a mail provider.
    Raises: NotPermitted. Invalid: not a domain. Conflict: domain_taken, by another organization.
    """
    verdict = may_manage_people(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    wanted = sorted({checked_domain(domain) for domain in domains})
    with transaction.atomic():
        # All rows: a domain belongs to one organization, also when two are given it at once.
        every = {row.pk: row for row in every_held()}
        taken = {domain for row in every.values() if row.pk != organization.pk for domain in row.domains}
        if taken & set(wanted):
            raise Conflict("domain_taken", f"{min(taken & set(wanted))} is another organization's.")
        had = set(every[organization.pk].domains)
        if every[organization.pk].domains != wanted:
            Organization.objects.filter(pk=organization.pk).update(domains=wanted)
            _keep_claims(organization, wanted, by, now)
            subject = f"organization:{organization.pk}"
            audit.record("organization.domains_set", by=by.actor, subject=subject, now=now, domains=wanted)
            if had - set(wanted):
                events.publish(DomainsRemoved(organization, now))
    organization.refresh_from_db()


def every_held() -> list[Organization]:
    """Lock every organization, in the order of primary keys, before any claim: whoever gives a domain asks
    all of them whose it is. Accounts may name them meanwhile."""
    return list(Organization.objects.select_for_update(no_key=True).order_by("pk"))


def _keep_claims(organization: Organization, domains: list[str], by: Principal, now: datetime) -> None:
    """Keep the claims in step with the domains: what is set here, who runs the portal vouches for."""
    claims = OrganizationDomain.objects.filter(organization=organization)
    claims.filter(verified_at__isnull=False).exclude(domain__in=domains).delete()
    vouched = {"verified_at": now, "verified_how": OrganizationDomain.How.STAFF}
    known = set(claims.filter(verified_at__isnull=False).values_list("domain", flat=True))
    for domain in set(domains) - known:
        claims.update_or_create(
            organization=organization,
            domain=domain,
            defaults=vouched,
            create_defaults={**vouched, "claimed_by": by.actor, "claimed_at": now},
        )


def checked_domain(domain: str) -> str:
    """Return the domain in lower case. Raises: Invalid: it is none."""
    domain = domain.strip().lower().removesuffix(".")
    try:
        _is_domain(domain)
    except ValidationError as error:
        message = f"“{domain}” is not a domain such as example.org."
        raise Invalid(detail=message, errors={"domains": [message]}) from error
    return domain
