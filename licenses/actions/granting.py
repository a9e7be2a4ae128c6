"""Suspend, resume and revoke a grant. The next question asked of it hears of it: nothing is cached."""

from datetime import datetime

from django.db import transaction

from licenses import policies, queries, texts
from licenses.actions.moving import lock_grant, move_grant, require
from licenses.events import GrantChanged
from licenses.facts import GrantCase
from licenses.models import Grant
from portal.accounts.principals import Principal
from portal.core import events
from portal.core.problems import Invalid
from portal.core.verdicts import Verdict

_POLICIES = {"suspend": policies.may_suspend, "resume": policies.may_resume, "revoke": policies.may_revoke}


def suspend(*, grant: Grant, reason: str, by: Principal, now: datetime) -> Grant:
    """Put the grant on hold and return it. reason: shown to its holder.

    Raises: NotPermitted, Conflict(state_changed). Invalid: no reason.
    """
    return _change(grant, "suspend", reason, by, now)


def resume(*, grant: Grant, reason: str, by: Principal, now: datetime) -> Grant:
    """Lift the hold and return the grant. reason: shown to its holder.

    Raises: NotPermitted, Conflict(state_changed). Invalid: no reason.
    """
    return _change(grant, "resume", reason, by, now)


def revoke(*, grant: Grant, reason: str, by: Principal, now: datetime) -> Grant:
    """Take the grant away for good and return it. reason: shown to its holder.

    The next manifest, header or URL is refused; signed URLs issued before die within their lifetime. What
    was downloaded and opened cannot be recalled.
    Raises: NotPermitted, Conflict(state_changed). Invalid: no reason.
    """
    return _change(grant, "revoke", reason, by, now)


def _change(grant: Grant, action: str, reason: str, by: Principal, now: datetime) -> Grant:
    said, wrong = texts.clean(reason, multiline=True)
    if wrong or not said:
        raise Invalid(
            "reason_missing",
            "The grant was not changed.",
            errors={"reason": [wrong or "Say why: the holder reads this."]},
        )
    with transaction.atomic():
        grant = lock_grant(grant)
        require(_judge(action, queries.grant_case(by, grant)))
        move_grant(grant, action, reason=said, by=by.actor, now=now)
        events.publish(GrantChanged(grant, said, by.actor, now))
    return grant


def _judge(action: str, case: GrantCase) -> Verdict:
    return _POLICIES[action](case)
