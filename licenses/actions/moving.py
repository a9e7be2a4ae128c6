"""The step that every action takes: lock the row, move the state by the table, write the log and the mails.

PostgreSQL holds the row by SELECT … FOR UPDATE. SQLite has no row locks: there the transaction holds the
whole database from its start (transaction_mode IMMEDIATE). On both the UPDATE names the state and version
that were judged, so that what changed in between changes nothing unseen.

What is locked comes in one order: requests, then accounts, then grants (`portal.accounts.presence` has all
of it). A request is therefore locked before who acts is looked at again, and a grant after that.
"""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from licenses import notices, search, states
from licenses.models import Grant, Request
from licenses.policies import STATE_CODES
from licenses.states import Transition
from portal.accounts.models import User
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.core import audit, problems
from portal.core.models import AuditEvent
from portal.core.problems import Conflict
from portal.core.verdicts import Denied, Verdict


def require(verdict: Verdict, **extra: Any) -> None:
    """As `problems.require`, but for a refusal by the state of the thing. Raises: Conflict, NotPermitted."""
    if isinstance(verdict, Denied) and verdict.code in STATE_CODES:
        raise Conflict(verdict.code, verdict.message, verdict.next_step, extra=extra)
    problems.require(verdict, **extra)


def who(by: Principal) -> User:
    """Return the person behind a principal that a policy let through. Raises: RuntimeError: there is none."""
    if by.user is None:
        raise RuntimeError("a policy let nobody through")
    return by.user


def lock_request(request: Request, by: Principal | None = None) -> Request:
    """Return the request as it stands now, held until the transaction ends.

    by: who acts. Raises: NotPermitted(account_disabled): they left since their session was read.
    """
    held = Request.objects.select_for_update().get(pk=request.pk)
    if by is not None:
        require_present(by)
    return held


def lock_grant(grant: Grant, by: Principal | None = None) -> Grant:
    """Return the grant as it stands now, held until the transaction ends. The rest as for a request."""
    if by is not None:
        require_present(by)
    return Grant.objects.select_for_update().get(pk=grant.pk)


def row_of(noun: str, source: str, action: str) -> Transition:
    """Return the table's row of a move that a policy allowed. Raises: RuntimeError: the table has none."""
    row = states.find(states.TRANSITIONS[noun], source, action)
    if row is None:
        raise RuntimeError(f"no transition {action} of a {noun} from {source!r}")
    return row


def move_request(
    request: Request,
    action: str,
    *,
    by: str,
    now: datetime,
    data: dict[str, Any] | None = None,
    private: dict[str, Any] | None = None,
    about: str = "",
    **fields: Any,
) -> AuditEvent:
    """Move a locked request by the table: state and `fields`, audit event, mails. Updates `request` too.

    by: who, as the audit log calls them. data: what the audit event tells besides the version. private,
    about: what it tells of a person (portal.core.audit.record).
    Raises: Conflict(state_changed): the row is not as it was read.
    """
    row = row_of("request", request.state, action)
    changed = {"state": row.target, "updated_at": now, **fields}
    if action in search.CHANGED_BY and (request.submitted_at or row.target == states.SUBMITTED):
        changed["search_text"] = search.text_of(request, changed.get("version", request.version))
    judged = Request.objects.filter(pk=request.pk, state=request.state, version=request.version)
    if not judged.update(**changed):
        raise _moved_on()
    for name, value in changed.items():
        setattr(request, name, value)
    _note_open(request)
    event = audit.record(
        row.audit,
        by=by,
        subject=f"request:{request.pk}",
        now=now,
        private=private,
        about=about,
        version=request.version,
        **(data or {}),
    )
    notices.send_for_request(row.notice, request, event)
    return event


def _note_open(request: Request) -> None:
    is_open = request.state in states.OPEN_STATES
    try:
        with transaction.atomic():
            request.requested.exclude(open=is_open).update(open=is_open)
    except IntegrityError as error:
        raise Conflict(
            "request_open",
            "You have another open request for this release.",
            "Continue with that one, or withdraw it first.",
        ) from error


def move_grant(
    grant: Grant,
    action: str,
    *,
    reason: str,
    by: str,
    now: datetime,
    data: dict[str, Any] | None = None,
    **fields: Any,
) -> AuditEvent:
    """Move a locked grant by the table: state and `fields`, audit event, mails. Updates `grant` too.

    reason: why; it becomes the state's reason where the state changes, and stands in the log and the mail
    either way.
    Raises: Conflict(state_changed): the row is not as it was read.
    """
    row = row_of("grant", grant.state, action)
    changed = {"state": row.target, **fields}
    if row.target != row.source:
        # What leaves the state as it is leaves why it is so: a suspended grant keeps its reason.
        changed |= {"state_reason": reason, "state_at": now}
    judged = Grant.objects.filter(pk=grant.pk, state=grant.state)
    if not judged.update(**changed):
        raise _moved_on()
    for name, value in changed.items():
        setattr(grant, name, value)
    event = audit.record(
        row.audit,
        by=by,
        subject=f"grant:{grant.pk}",
        now=now,
        private={"reason": reason},
        about=grant.user.public_id,
        request=grant.request_id,
        **(data or {}),
    )
    notices.send_for_grant(row.notice, grant, event)
    return event


def _moved_on() -> Conflict:
    return Conflict(
        "state_changed",
        "Somebody changed this at the same moment.",
        "Load the page again to see where it stands.",
    )
