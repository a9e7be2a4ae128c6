"""Recalling a revision: quarantine (for now), restore, withdraw (for good).

Each signs a new head at once and tells everybody who was given headers of the revision.
"""

from datetime import datetime

from django.db import transaction

from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core import events
from portal.core.outbox import queue_mail
from portal.core.problems import Invalid, NotPermitted
from weights_vault.actions.moves import lock_revision, move
from weights_vault.events import RevisionRestored, RevisionWithdrawn
from weights_vault.heads import renew_head
from weights_vault.models import RecipientKey, Revision
from weights_vault.policies import may_manage_releases
from weights_vault.queries import current_revision, holders_of

MAIL_FOLDER = "weights_vault/mail"


def quarantine(*, revision: Revision, reason: str, by: Principal, now: datetime) -> Revision:
    """Stop giving out a published revision until it is restored or withdrawn.

    Raises: NotPermitted; Invalid: no reason; Conflict(state_changed).
    """
    return _recall("quarantine", revision, reason, by, now)


def withdraw(*, revision: Revision, reason: str, by: Principal, now: datetime) -> Revision:
    """Stop giving out a published or quarantined revision, for good.

    Raises: NotPermitted; Invalid: no reason; Conflict(state_changed).
    """
    return _recall("withdraw", revision, reason, by, now)


def restore(*, revision: Revision, reason: str, by: Principal, now: datetime) -> Revision:
    """Give out a quarantined revision again.

    Raises: NotPermitted; Invalid: no reason; Conflict(state_changed).
    """
    return _recall("restore", revision, reason, by, now)


@transaction.atomic
def _recall(action: str, revision: Revision, reason: str, by: Principal, now: datetime) -> Revision:
    verdict = may_manage_releases(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    reason = reason.strip()
    if not reason:
        raise Invalid(
            "invalid",
            "A reason is needed: recipients are told it.",
            "Say why.",
            errors={"reason": ["Say why."]},
        )
    revision = lock_revision(revision)
    step = move(revision, action, by=by, now=now, reason=reason)
    renew_head(revision.release, now)
    holders = holders_of(revision)
    grants = tuple(sorted({grant for held in holders.values() for grant in held}))
    _tell_holders(revision, reason, step.notice, set(holders), now)
    kind = RevisionRestored if action == "restore" else RevisionWithdrawn
    events.publish(kind(revision=revision, reason=reason, grants=grants, by=by.actor, now=now))
    return revision


def _tell_holders(revision: Revision, reason: str, notice: str, keys: set[str], now: datetime) -> None:
    """One mail a person, however many keys and grants of theirs got headers."""
    owners = RecipientKey.objects.filter(pk__in=keys).values("user_id")
    context = {
        "release": revision.release,
        "revision": revision,
        "reason": reason,
        "instead": current_revision(revision.release),
    }
    for user in User.objects.filter(pk__in=owners):
        queue_mail(
            to=user.email,
            template=f"{MAIL_FOLDER}/{notice}",
            context={**context, "user": user},
            key=f"{notice}:{revision.id}:{user.public_id}:{now.isoformat()}",
        )
