"""What a document tells of people and may change before it is made: kept with its job, as it is now.

A worker may be down for days; whoever moved or changed their name meanwhile signed as who they were.
"""

from typing import Any

from licenses.models import Agreement, Grant, MasterAgreement, Request
from portal.accounts.models import Organization, User

Snapshot = dict[str, Any]


def take(agreement: Agreement) -> Snapshot:
    """Return {"person": {id, name, email, organization}, "releases": titles, "members": ["Name, address"]}.

    organization: with a word on whether a verified address confirms it; "" without one.
    """
    if agreement.acceptance is not None:
        of = agreement.acceptance
        return {"person": _person(of.user), "releases": _titles(of.request), "members": []}
    if agreement.certificate is not None:
        grant: Grant = agreement.certificate.grant
        return {"person": _person(grant.user), "releases": [grant.release.title], "members": []}
    master = agreement.master
    if master is None or master.signatory is None:
        raise RuntimeError(f"{agreement.pk} is of nothing that was signed")
    return {"person": _person(master.signatory), "releases": [], "members": _members(master)}


def _person(user: User) -> dict[str, str]:
    return {
        "id": user.public_id,
        "name": user.full_name,
        "email": user.email,
        "organization": _organization(user.organization, user.email),
    }


def _organization(named: Organization | None, email: str) -> str:
    if named is None:
        return ""
    if named.has_domain_of(email):
        return f"{named.name} (confirmed by the e-mail address)"
    return f"{named.name} (as the person states)"


def _titles(request: Request) -> list[str]:
    return [f"{release.title} ({release.slug})" for release in request.releases.order_by("slug")]


def _members(master: MasterAgreement) -> list[str]:
    named = master.members.filter(removed_at__isnull=True).order_by("email")
    return [f"{member.full_name}, {member.email}" for member in named]
