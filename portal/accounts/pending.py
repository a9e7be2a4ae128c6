"""Pending actions: a program proposes, a person confirms in a browser, it happens once.

A higher app registers what confirming means: `register("enroll_key", perform=…)`. `perform(action, by, now)`
runs in the confirming transaction and returns the JSON result; a Problem that it raises undoes the
confirmation, and the action stays pending.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from portal.accounts.models import PendingAction
from portal.accounts.policies import may_decide_pending, may_sign_in
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.core import audit, jobs
from portal.core.problems import Conflict, NotFound, NotPermitted, TooMany

LIFETIME = timedelta(minutes=15)
MOST_PENDING = 20
EXPIRE = "accounts.expire_pending"
EXPIRE_EVERY_S = 300

# No vowels, and no digit that looks like a letter: codes spell nothing and are read aloud without doubt.
_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_CODE_DIGITS = "23456789"

Perform = Callable[[PendingAction, Principal, datetime], dict[str, Any]]

_performers: dict[str, Perform] = {}


def register(kind: str, perform: Perform) -> None:
    """Say what confirming an action of this kind does."""
    if kind in _performers and _performers[kind] is not perform:
        raise RuntimeError(f"two ways to perform pending actions of kind {kind}")
    _performers[kind] = perform


def propose(
    *, kind: str, by: Principal, payload: dict[str, Any], summary: str, now: datetime
) -> PendingAction:
    """Write an action that its owner has to confirm within 15 minutes.

    summary: what exactly will happen, in a sentence for the person who confirms.
    Raises: NotPermitted: nobody, disabled or unverified. TooMany: 20 wait already.
    """
    if kind not in _performers:
        raise RuntimeError(f"nothing performs pending actions of kind {kind}")
    verdict = may_sign_in(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    with transaction.atomic():
        require_present(by)
        waiting = visible_to(by).filter(state=PendingAction.State.PENDING, expires_at__gt=now)
        if waiting.count() >= MOST_PENDING:
            raise TooMany(
                "too_many_pending",
                f"{MOST_PENDING} actions wait for you already.",
                "Confirm or refuse some of them first.",
                retry_after_s=int(LIFETIME.total_seconds()),
            )
        action = PendingAction.objects.create(
            kind=kind,
            user=by.person,
            payload=payload,
            summary=summary,
            code=_new_code(),
            requested_by=by.token_id or "",
            created_at=now,
            expires_at=now + LIFETIME,
        )
        _note("proposed", action, by, now)
    return action


def confirm(
    *, action: PendingAction, by: Principal, now: datetime, perform: Perform | None = None
) -> PendingAction:
    """Do what was proposed, once, however often and wherever it is confirmed.

    perform: in place of what is registered for the kind, where the confirmation brings something along.
    Raises: NotPermitted: not the owner's browser session. NotFound: somebody else's. Conflict:
    pending_action_confirmed, _refused or _expired. And what the action itself raises; it then stays pending.
    """
    _may_decide(action, by)
    with transaction.atomic():
        _decide(action, PendingAction.State.CONFIRMED, now)
        action.refresh_from_db()
        result = (perform or _performers[action.kind])(action, by, now)
        PendingAction.objects.filter(pk=action.pk).update(result=result)
        _note("confirmed", action, by, now)
    action.refresh_from_db()
    return action


def refuse(*, action: PendingAction, by: Principal, now: datetime) -> PendingAction:
    """Let it not happen. Raises as `confirm` does."""
    _may_decide(action, by)
    with transaction.atomic():
        _decide(action, PendingAction.State.REFUSED, now)
        _note("refused", action, by, now)
    action.refresh_from_db()
    return action


def visible_to(principal: Principal) -> QuerySet[PendingAction]:
    """Return the principal's own actions, newest first; to a token for one grant, those it proposed."""
    if principal.user is None:
        return PendingAction.objects.none()
    own = PendingAction.objects.filter(user=principal.user)
    return own.filter(requested_by=principal.token_id) if principal.grant else own


def _may_decide(action: PendingAction, by: Principal) -> None:
    if by.user is not None and by.user.pk != action.user_id:
        raise NotFound()
    verdict = may_decide_pending(by, action)
    if not verdict:
        raise NotPermitted.from_denied(verdict)


def _decide(action: PendingAction, state: PendingAction.State, now: datetime) -> None:
    """Move a pending action on; of many who try at once, the database lets one."""
    pending = PendingAction.objects.filter(
        pk=action.pk, state=PendingAction.State.PENDING, expires_at__gt=now
    )
    if pending.update(state=state, decided_at=now):
        return
    action.refresh_from_db()
    found = action.state_at(now)
    raise Conflict(
        f"pending_action_{found}",
        f"This was {found} already." if found != PendingAction.State.EXPIRED else "This has expired.",
        "Ask for it again where you asked first."
        if found != PendingAction.State.CONFIRMED
        else "Nothing is left to do.",
    )


def _note(what: str, action: PendingAction, by: Principal, now: datetime) -> None:
    audit.record(
        f"pending.{what}",
        by=by.actor,
        subject=f"pending:{action.pk}",
        now=now,
        action=action.kind,
        token=by.token_id,
    )


def _new_code() -> str:
    letters = "".join(secrets.choice(_CODE_LETTERS) for _ in range(4))
    return f"{letters}-{''.join(secrets.choice(_CODE_DIGITS) for _ in range(4))}"


@jobs.handler(EXPIRE)
def expire(payload: dict[str, Any], now: datetime) -> None:
    """Note on the rows that their time is over; `state_at` has said so all along."""
    PendingAction.objects.filter(state=PendingAction.State.PENDING, expires_at__lte=now).update(
        state=PendingAction.State.EXPIRED
    )


jobs.periodic(EXPIRE, EXPIRE_EVERY_S)
