"""Note that somebody took along what the portal keeps about them: it leaves here, so the log says so."""

from datetime import datetime

from django.db import transaction

from portal.accounts.models import User
from portal.accounts.policies import may_correct_details
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import NotPermitted


def note_export(*, user: User, by: Principal, now: datetime) -> None:
    """Write the line of the log. Raises: NotPermitted: not the owner's browser session."""
    verdict = may_correct_details(by, user)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    with transaction.atomic():
        require_present(by)
        audit.record("account.data_exported", by=by.actor, subject=f"user:{user.public_id}", now=now)
