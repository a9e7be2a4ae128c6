"""Say who has a request on their desk. A hint, never a lock: whoever may vote may still vote."""

from datetime import datetime

from django.db import connection, transaction

from licenses import policies, queries
from licenses.actions.moving import lock_request, move_request, require, who
from licenses.models import Request
from licenses.queries.desk import is_away
from licenses.queries.queue import QueueFilters, matching
from portal.accounts.models import User
from portal.accounts.principals import Principal, principal_for
from portal.core.problems import Conflict
from portal.core.verdicts import Denied


def assign(*, request: Request, to: User | None, by: Principal, now: datetime) -> Request:
    """Put the request on somebody's desk, or with None on nobody's, and return it.

    Whoever gets it from somebody else is mailed; what is so already changes nothing.
    Raises: NotPermitted, Conflict(state_changed). Conflict(assignee_barred; reason): they may not vote on it.
    Conflict(assignee_absent): they are away today.
    """
    with transaction.atomic():
        request = lock_request(request, by)
        require(policies.may_assign(queries.request_case(by, request, now)))
        if request.assignee_id != (to.pk if to else None):
            if to is not None:
                _require_free(request, to, now)
            _put(request, to, by, now)
    return request


def pick_next(*, by: Principal, now: datetime) -> Request | None:
    """Take the request that waits longest among those that nobody has and that the reviewer may vote on.

    What waits for the applicant's answer is left out. Two reviewers at once get two requests.
    Returns: the request, on the reviewer's desk now; None where nothing is left.
    Raises: NotPermitted: no reviewer. Conflict(assignee_absent): they said that they are away.
    """
    require(policies.may_pick(queries.person(by)))
    user = who(by)
    if is_away(user, now.date()):
        raise _absent(user, own=True)
    wanted = QueueFilters(awaiting_me=True, assignee="nobody")
    with transaction.atomic():
        free = matching(by, wanted, now).filter(asked_at__isnull=True)
        # What a colleague is taking at this moment is passed over, not waited for.
        skips = connection.features.has_select_for_update_skip_locked
        request = free.select_for_update(skip_locked=skips, of=("self",) if skips else ()).first()
        if request is not None:
            _put(request, user, by, now)
    return request


def _put(request: Request, to: User | None, by: Principal, now: datetime) -> None:
    move_request(
        request,
        "assign",
        by=by.actor,
        now=now,
        data={"to": to.public_id if to else None},
        assignee=to,
        assigned_at=now if to else None,
    )


def _require_free(request: Request, to: User, now: datetime) -> None:
    # As in a session of theirs: what is asked is whether the request is theirs to judge.
    verdict = policies.may_vote(queries.request_case(principal_for(to, mfa=True), request, now), "reject")
    if isinstance(verdict, Denied):
        raise Conflict(
            "assignee_barred",
            f"{to} may not vote on this request.",
            "Give it to somebody else.",
            extra={"reason": verdict.code},
        )
    if is_away(to, now.date()):
        raise _absent(to)


def _absent(user: User, *, own: bool = False) -> Conflict:
    if own:
        detail, step = "You said that you are away today.", "Take that back on the page of absences first."
    else:
        detail, step = f"{user} is away today.", "Give it to somebody else."
    return Conflict("assignee_absent", detail, step)
