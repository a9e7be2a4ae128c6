"""Name, organization and country, corrected by the person themselves.

A correction takes effect everywhere at once. Requests keep no copy of who asked: a change is allowed while
one is in review, reviewers read what stands in the account when they look, and the access rule judges
country and organization as they are now, so that a country that the terms exclude ends delivery under a
grant that was given before. What is past stays: an acceptance keeps the name that was typed, votes that
were cast count. The log says which fields changed
and when, so that staff can ask; it does not repeat what they said, for it can never be corrected itself.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from portal.accounts.affiliations import moved, require_admitted
from portal.accounts.events import AccountWanted, AffiliationEnded, DetailsCorrected
from portal.accounts.forms import PersonFields, organization_named
from portal.accounts.models import User
from portal.accounts.policies import may_change_organization, may_correct_details
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.core import audit, events
from portal.core.problems import Invalid, NotPermitted


def correct_details(
    *, user: User, full_name: str, organization: str, country: str, by: Principal, now: datetime
) -> User:
    """Replace what `user` says about themselves and return them; what is the same already writes nothing.

    organization: its name; made if there is none of that name, whatever the case. country: alpha-2 code.
    Raises: NotPermitted: not the owner's browser session; staff_organization, for staff. Invalid: a field
    that sign-up would not take, or an organization whose managers ended their affiliation.
    """
    verdict = may_correct_details(by, user)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    said = _checked(full_name=full_name, organization=organization, country=country)
    with transaction.atomic():
        events.publish(AccountWanted(user, frozenset()))
        account = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        require_present(by)
        said["organization"] = organization_named(said["organization"])
        changed = [name for name, value in said.items() if getattr(account, name) != value]
        if "organization" in changed:
            verdict = may_change_organization(by, account)
            if not verdict:
                raise NotPermitted.from_denied(verdict)
            require_admitted(account, said["organization"], now)
        if changed:
            User.objects.filter(pk=account.pk).update(**{name: said[name] for name in changed})
            audit.record(
                "account.details_corrected",
                by=by.actor,
                subject=f"user:{account.public_id}",
                now=now,
                fields=changed,
            )
            account.refresh_from_db()
            events.publish(DetailsCorrected(account, tuple(changed), now))
            if "organization" in changed:
                moved(user=account, by=by.actor, now=now)
                events.publish(AffiliationEnded(account, now))
    user.refresh_from_db()
    return user


def _checked(**given: str) -> dict[str, Any]:
    """The same rules as at sign-up, whoever calls."""
    form = PersonFields(given)
    if not form.is_valid():
        errors = {name: [str(message) for message in messages] for name, messages in form.errors.items()}
        raise Invalid(detail="Your details cannot be kept like this.", errors=errors)
    return {name: form.cleaned_data[name] for name in given}
