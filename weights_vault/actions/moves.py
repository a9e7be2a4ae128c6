"""Moves a revision along its transition table: what every action on a revision does first."""

from datetime import datetime

from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import Conflict
from weights_vault.models import Release, Revision
from weights_vault.states import Transition, transition


def lock_revision(revision: Revision) -> Revision:
    """Return the revision as it is now, locked with its release until the transaction ends.

    The release is locked first, always: two moves of one release cannot wait for each other.
    """
    Release.objects.select_for_update().get(pk=revision.release_id)
    return Revision.objects.select_for_update().select_related("release").get(pk=revision.pk)


def move(
    revision: Revision, action: str, *, by: Principal, now: datetime, reason: str = "", **fields: object
) -> Transition:
    """Write the new state, the fields that come with it, and the audit event; refresh `revision`.

    revision: locked by `lock_revision` in this transaction. fields: columns to set with the state.
    Raises: Conflict(state_changed): its state does not allow the action.
    """
    step = transition(revision.state, action)
    if step is None:
        raise not_from_here(revision, action)
    # The condition is the lock on SQLite, which has no row locks.
    held = Revision.objects.filter(pk=revision.pk, state=step.source)
    if not held.update(state=step.target, state_reason=reason, **fields):
        raise not_from_here(revision, action)
    revision.refresh_from_db()
    audit.record(
        step.audit,
        by=by.actor,
        subject=f"revision:{revision.id}",
        now=now,
        private={"reason": reason} if reason else None,
        release=revision.release.slug,
        revision=revision.name,
    )
    return step


def not_from_here(revision: Revision, action: str) -> Conflict:
    """Return the refusal of an action that the revision's state does not allow."""
    return Conflict(
        "state_changed",
        f"{revision} is {revision.state}: it cannot {action} from there.",
        "Look at the revision again.",
        extra={"state": revision.state},
    )
