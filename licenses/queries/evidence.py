"""Whether somebody must say who they are: their mail address may say it for them."""

from portal.accounts.models import Organization
from portal.accounts.principals import Principal

OFFERED = "offered"
REQUIRED = "required"


def evidence_asked(principal: Principal) -> str:
    """Return "" where a verified address at an organization's domain says who the person is; else REQUIRED.

    OFFERED: this portal knows no organization's domain, so that nobody's address could say it.
    """
    user = principal.user
    if user is None:
        return ""
    home = user.organization
    if home is not None and principal.email_verified and home.has_domain_of(user.email):
        return ""
    domain = user.email.rpartition("@")[2].lower()
    known = Organization.objects.exclude(domains=[]).values_list("domains", flat=True)
    every = [domains for domains in known.iterator() if domains]
    if not every:
        return OFFERED
    return "" if principal.email_verified and any(domain in domains for domains in every) else REQUIRED
