"""A recall that a program prepares: its release manager reads it in a browser, and lets it happen or not."""

from datetime import datetime
from typing import Any, Final

from portal.accounts import pending
from portal.accounts.models import PendingAction
from portal.accounts.principals import Principal
from portal.core.problems import Invalid, NotFound, NotPermitted
from portal.core.secrecy import holds_secret
from weights_vault.actions import withdraw as recalls
from weights_vault.actions.moves import not_from_here
from weights_vault.models import Revision
from weights_vault.policies import may_prepare_recall
from weights_vault.states import transition

MOVE_REVISION: Final = "revision_move"
MAX_REASON_CHARACTERS: Final = 2_000
MOVES: Final = {
    "quarantine": recalls.quarantine,
    "restore": recalls.restore,
    "withdraw": recalls.withdraw,
}
_EFFECTS: Final = {
    "quarantine": "Quarantine {}: nothing of it is given out until it is restored or withdrawn.",
    "restore": "Restore {}: it is given out again.",
    "withdraw": "Withdraw {}: nothing of it is given out ever again, and this cannot be undone.",
}


def propose_move(
    *, revision: Revision, move: str, reason: str, by: Principal, now: datetime
) -> PendingAction:
    """Prepare a recall that the release manager confirms in a browser; return what waits for them.

    move: "quarantine", "restore" or "withdraw". by: in a session or with a token that holds `publish`.
    Raises: NotPermitted. Conflict(state_changed): not from the state that the revision is in. Invalid: no
        such move, no reason, or one that holds a secret. TooMany(too_many_pending).
    """
    reason = _checked(move, reason)
    require_open(revision, move, by)
    return pending.propose(
        kind=MOVE_REVISION,
        by=by,
        payload={"revision": revision.pk, "move": move, "reason": reason},
        summary=f"{_EFFECTS[move].format(revision)} Everybody who was given headers of it is told by mail.",
        now=now,
    )


def require_open(revision: Revision, move: str, by: Principal) -> None:
    """Go on only where this person may prepare the move, and the revision's state allows it.

    Raises: NotPermitted, Conflict(state_changed).
    """
    verdict = may_prepare_recall(by)
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    if transition(revision.state, move) is None:
        raise not_from_here(revision, move)


def prepared_on(action: PendingAction) -> Revision:
    """Return the revision that a prepared recall is about, as it is now. Raises: NotFound."""
    named = Revision.objects.select_related("release").filter(pk=action.payload.get("revision"))
    revision = named.first()
    if revision is None:
        raise NotFound()
    return revision


def _checked(move: str, reason: str) -> str:
    reason = reason.strip()
    errors = {} if move in MOVES else {"move": [f"This must be one of {', '.join(MOVES)}."]}
    if not reason:
        errors["reason"] = ["Say why: recipients read this."]
    elif len(reason) > MAX_REASON_CHARACTERS:
        errors["reason"] = [f"At most {MAX_REASON_CHARACTERS} characters."]
    elif holds_secret(reason):
        errors["reason"] = ["This looks like a secret, and many read a reason: leave it out."]
    if errors:
        raise Invalid("invalid", "The move needs a second look.", errors=errors)
    return reason


def _perform(action: PendingAction, by: Principal, now: datetime) -> dict[str, Any]:
    """Move the revision, in the confirming transaction. Raises: as the recall itself."""
    act = MOVES[action.payload["move"]]
    moved = act(revision=prepared_on(action), reason=action.payload["reason"], by=by, now=now)
    return {"revision": moved.pk, "state": moved.state}


pending.register(MOVE_REVISION, _perform)
