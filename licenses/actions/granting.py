"""Suspend, resume, revoke and extend grants, one or many. The next question asked of one hears of it:
nothing is cached."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import OperationalError, transaction

from licenses import policies, queries, texts
from licenses.actions.moving import lock_grant, move_grant, require
from licenses.events import GrantChanged
from licenses.facts import GrantCase
from licenses.models import Grant
from licenses.terms import MAX_GRANT_DAYS
from portal.accounts.principals import Principal
from portal.core import events, times
from portal.core.problems import Invalid, Problem, database_gave_up
from portal.core.verdicts import Verdict

POLICIES: Final[dict[str, Callable[[GrantCase], Verdict]]] = {
    "suspend": policies.may_suspend,
    "resume": policies.may_resume,
    "revoke": policies.may_revoke,
    "extend": policies.may_extend,
}
MAX_AT_ONCE = 500
NOT_CHANGED = "The grant was not changed."


@dataclass(frozen=True)
class Outcome:
    """What became of one of many grants. problem: why it was not changed; null where it was."""

    grant: Grant
    problem: Problem | None = None


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


def extend(*, grant: Grant, ends_at: datetime, reason: str, by: Principal, now: datetime) -> Grant:
    """Move the grant's end, later or earlier, and return it. reason: shown to its holder.

    ends_at: after `now` and at most MAX_GRANT_DAYS after it. A grant that had ended holds again.
    Raises: NotPermitted, Conflict(state_changed). Invalid: no reason, or such an end cannot be.
    """
    return _change(grant, "extend", reason, by, now, ends_at)


def change_one(
    *, grant: Grant, verb: str, reason: str, by: Principal, now: datetime, ends_at: datetime | None = None
) -> Grant:
    """Do what `verb` names; arguments as in `change_many`, errors as in the function of that name."""
    return _change(grant, verb, reason, by, now, ends_at)


def change_many(
    *,
    grants: Iterable[Grant],
    verb: str,
    reason: str,
    by: Principal,
    now: datetime,
    ends_at: datetime | None = None,
) -> list[Outcome]:
    """Do the same to each of several grants, and return what became of each, in their order.

    verb: "suspend", "resume", "revoke" or "extend"; ends_at: for "extend". Each grant is a transaction of
        its own: one that cannot be changed keeps nothing from the others. At most MAX_AT_ONCE.
    Raises: Invalid: more than that, or no reason: nothing was changed then.
    """
    wanted = list(grants)
    if len(wanted) > MAX_AT_ONCE:
        message = f"At most {MAX_AT_ONCE} grants are changed at once."
        raise Invalid("too_many_grants", "No grant was changed.", errors={"": [message]})
    said = _checked_reason(reason)
    return [_outcome(grant, verb, said, by, now, ends_at) for grant in wanted]


def _outcome(
    grant: Grant, verb: str, reason: str, by: Principal, now: datetime, ends_at: datetime | None
) -> Outcome:
    try:
        return Outcome(_change(grant, verb, reason, by, now, ends_at))
    except Problem as problem:
        return Outcome(grant, problem)
    except OperationalError:
        # A deadlock, or a lock held for too long: this one was rolled back, the next may go through.
        return Outcome(grant, database_gave_up())


def _change(
    grant: Grant, verb: str, reason: str, by: Principal, now: datetime, ends_at: datetime | None = None
) -> Grant:
    said = _checked_reason(reason)
    with transaction.atomic():
        grant = lock_grant(grant, by)
        require(POLICIES[verb](queries.grant_case(by, grant)))
        moved = _new_end(grant, ends_at, now) if verb == "extend" else {}
        data = {name: value.isoformat() for name, value in moved.items() if value is not None}
        move_grant(grant, verb, reason=said, by=by.actor, now=now, data=data, **moved)
        events.publish(GrantChanged(grant, said, by.actor, now))
    return grant


def _checked_reason(reason: str) -> str:
    said, wrong = texts.clean(reason, multiline=True)
    if wrong or not said:
        said_wrong = wrong or "Say why: the holder reads this."
        raise Invalid("reason_missing", NOT_CHANGED, errors={"reason": [said_wrong]})
    return said


def _new_end(grant: Grant, ends_at: datetime | None, now: datetime) -> dict[str, Any]:
    """The fields of an extension. A new end is told of anew: what was noted of the old one goes."""
    latest = now + timedelta(days=MAX_GRANT_DAYS)
    wrong = ""
    if ends_at is None:
        wrong = "Say until when."
    elif ends_at <= max(now, grant.starts_at):
        wrong = "This has passed already. To end the grant now, revoke it."
    elif ends_at > latest:
        wrong = f"This is too far ahead: at most {MAX_GRANT_DAYS} days from now, {times.day(latest)}."
    elif ends_at == grant.ends_at:
        wrong = "The grant ends then already."
    if wrong:
        raise Invalid("ends_at_invalid", NOT_CHANGED, errors={"ends_at": [wrong]})
    return {"ends_at": ends_at, "expired_at": None}
