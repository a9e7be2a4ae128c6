"""A verdict that a program prepares: its reviewer reads it in a browser, and gives it there or does not.

Nothing is voted before. What is confirmed is the very verdict that was prepared, on that version of the
request; where the applicant has made a newer one it can no longer be given.
"""

from datetime import datetime
from functools import partial
from typing import Any, Final

from licenses import policies, queries
from licenses.actions import balloting, voting
from licenses.actions.moving import who
from licenses.ballots import Signed
from licenses.models import Request
from licenses.tally import WORDS
from portal.accounts import pending
from portal.accounts.models import PendingAction
from portal.accounts.principals import Principal
from portal.core.problems import NotFound

CAST_VOTE: Final = "cast_vote"


def propose_vote(
    *, request: Request, version: int, verdict: str, reason: str, note: str, by: Principal, now: datetime
) -> PendingAction:
    """Prepare a verdict that the reviewer gives in a browser; return what waits for them.

    by: a reviewer, in a session or with a token that holds `review`. The rest as `voting.vote`.
    Raises: as `voting.vote`, but for what it says of passkeys. TooMany(too_many_pending).
    """
    reason, note = voting.checked_words(verdict, reason, note)
    request = Request.objects.get(pk=request.pk)
    case = queries.request_case(by, request, now)
    voting.require_open(case, request, version, verdict, now, policies.may_prepare_vote)
    titles = ", ".join(release.title for release in request.releases.order_by("slug"))
    return pending.propose(
        kind=CAST_VOTE,
        by=by,
        payload={
            "request": request.pk,
            "version": version,
            "verdict": verdict,
            "reason": reason,
            "note": note,
        },
        # Who asks is not named here: the page reads it of the request, where it can be erased.
        summary=f"Give the verdict “{WORDS[verdict]}” on version {version} of the request {request.pk}"
        f" for {titles}. It counts at once, and may decide the request.",
        now=now,
    )


def prepared_on(action: PendingAction) -> Request:
    """Return the request that a prepared verdict is about. Raises: NotFound."""
    request = Request.objects.filter(pk=action.payload.get("request")).first()
    if request is None:
        raise NotFound()
    return request


def leaf_of(action: PendingAction, by: Principal, now: datetime) -> str:
    """Return what the passkey signs for a prepared verdict, which can be given as the request stands.

    Raises: as `voting.vote` where it cannot; Conflict(vote_on_old_version) after a newer version.
    """
    said = action.payload
    request = prepared_on(action)
    case = queries.request_case(by, request, now)
    voting.require_open(case, request, said["version"], said["verdict"], now)
    return balloting.prepared([request], said["verdict"], said["reason"], who(by))[0]


def confirm_vote(
    *, action: PendingAction, by: Principal, now: datetime, signed: Signed | None = None
) -> PendingAction:
    """Give the prepared verdict, in the transaction that confirms it.

    signed: the passkey over it, needed where STAFF_MFA is "passkey".
    Raises: as `pending.confirm` and `voting.vote`; the action then stays pending.
    """
    return pending.confirm(action=action, by=by, now=now, perform=partial(_perform, signed=signed))


def _perform(
    action: PendingAction, by: Principal, now: datetime, signed: Signed | None = None
) -> dict[str, Any]:
    said = {name: action.payload[name] for name in ("version", "verdict", "reason", "note")}
    request = voting.vote(request=prepared_on(action), by=by, now=now, signed=signed, **said)
    return {"request": request.pk, "state": request.state}


pending.register(CAST_VOTE, _perform)
