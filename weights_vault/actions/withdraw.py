"""Recalling a revision: quarantine (for now), restore, withdraw (for good).

Each signs a new head at once and has everybody told who was given headers of the revision (`notices.py`).
"""

from datetime import datetime

from django.db import transaction

from portal.accounts.principals import Principal
from portal.core import events
from portal.core.problems import Conflict, Invalid, NotPermitted
from weights_vault.actions.moves import lock_revision, move
from weights_vault.actions.notices import tell_holders
from weights_vault.events import RevisionRestored, RevisionWithdrawn
from weights_vault.heads import renew_with_change
from weights_vault.models import BodyCheck, Revision
from weights_vault.policies import may_manage_releases

MAX_NAMED_FILES = 5


def quarantine(*, revision: Revision, reason: str, by: Principal, now: datetime) -> Revision:
    """Stop giving out a published revision until it is restored or withdrawn.

    Raises: NotPermitted; Invalid: no reason; Conflict(state_changed).
    """
    return _recall("quarantine", revision, reason, by, now)


def quarantine_damaged(*, revision: Revision, reason: str, by: Principal, now: datetime) -> Revision:
    """Quarantine a published revision because its stored copy is damaged: what was published is not.

    Holders are told that what they have verified stays good. Raises: as `quarantine`.
    """
    return _recall("quarantine", revision, reason, by, now, notice="revision_damaged")


def withdraw(*, revision: Revision, reason: str, by: Principal, now: datetime) -> Revision:
    """Stop giving out a published or quarantined revision, for good.

    Raises: NotPermitted; Invalid: no reason; Conflict(state_changed).
    """
    return _recall("withdraw", revision, reason, by, now)


def restore(*, revision: Revision, reason: str, by: Principal, now: datetime) -> Revision:
    """Give out a quarantined revision again.

    Raises: NotPermitted; Invalid: no reason; Conflict(state_changed); Conflict(damage_open): the store's
        copy of one of its files is known to be damaged.
    """
    return _recall("restore", revision, reason, by, now)


@transaction.atomic
def _recall(
    action: str, revision: Revision, reason: str, by: Principal, now: datetime, *, notice: str = ""
) -> Revision:
    verdict = may_manage_releases(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    reason = reason.strip()
    if not reason:
        raise Invalid(
            "invalid",
            "A reason is needed: whoever sees the release reads it.",
            "Say why.",
            errors={"reason": ["Say why."]},
        )
    revision = lock_revision(revision)
    step = move(revision, action, by=by, now=now, reason=reason)
    if action == "restore":
        _require_sound(revision)
    renew_with_change(revision.release, now)
    tell_holders(revision=revision, notice=notice or step.notice, reason=reason, now=now)
    kind = RevisionRestored if action == "restore" else RevisionWithdrawn
    events.publish(kind(revision=revision, reason=reason, by=by.actor, now=now))
    return revision


def _require_sound(revision: Revision) -> None:
    damaged = BodyCheck.objects.filter(body__files__revision=revision, found_at__isnull=False)
    paths = sorted(damaged.values_list("body__files__path", flat=True).distinct())
    if paths:
        more = f" and {len(paths) - MAX_NAMED_FILES} more" if len(paths) > MAX_NAMED_FILES else ""
        raise Conflict(
            "damage_open",
            f"The stored copy is damaged: {', '.join(paths[:MAX_NAMED_FILES])}{more}.",
            f"Put the same bytes back into the store, then run: manage.py scrub {revision} --now",
        )
