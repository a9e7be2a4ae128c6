"""What becomes of a grant whose holder is no longer of the organization that it was given under. R11."""

from datetime import datetime
from typing import Final

from django.db import transaction

from licenses import queries, states
from licenses.actions.moving import lock_grant, move_grant
from licenses.events import GrantChanged
from licenses.models import Grant, ReleaseTerms
from licenses.reminders import remember
from portal.accounts.principals import principal_for
from portal.core import events

BY: Final = "system:affiliation"


def end_affiliation(*, grant: Grant, now: datetime, anew: bool = True) -> bool:
    """Do what the release's terms say of an active grant whose holder left; return whether anything was done.

    Nothing while the holder's verified address still confirms the organization. anew: they left just now;
        otherwise nothing for a grant that was dealt with for this once, and that staff may have resumed.
    """
    with transaction.atomic():
        grant = lock_grant(grant)
        home = grant.organization
        if home is None or grant.state != states.ACTIVE or grant.ends_at <= now:
            return False
        if queries.confirmed_organization(principal_for(grant.user)) == home:
            return False
        first = remember(f"grant:{grant.pk}", [f"affiliation_ended:{home.pk}"], now)
        if first is None and not anew:
            return False
        _apply(grant, str(home), now)
    return True


def _apply(grant: Grant, home: str, now: datetime) -> None:
    rule = ReleaseTerms.objects.get(release=grant.release_id).on_affiliation_end
    said = f"{states.AFFILIATION_ENDED}your account does not confirm any more that you are of {home}. "
    title = grant.release.title
    if rule == ReleaseTerms.OnAffiliationEnd.KEEP:
        said += f"By the terms of {title} the grant, which was given under it, stays yours."
        move_grant(grant, "keep", reason=said, by=BY, now=now)
        return
    said += f"By the terms of {title} a grant that was given under it is suspended then until staff decide."
    move_grant(grant, "end_affiliation", reason=said, by=BY, now=now)
    events.publish(GrantChanged(grant, said, BY, now))
