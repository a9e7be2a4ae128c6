"""What a pending action of the staff shows beside its sentence, and how a prepared verdict is given."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from licenses import ballots
from licenses.actions import prepared_votes
from licenses.actions.prepared_votes import CAST_VOTE
from portal.accounts import factors, passkeys
from portal.accounts.models import PendingAction
from portal.core.problems import NotFound, NotPermitted, Problem
from portal.web import casting, review_page, vault_desk
from portal.web.reader import person, reader
from weights_vault.actions import prepared_moves
from weights_vault.actions.prepared_moves import MOVE_REVISION


def shown(action: PendingAction, request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return what the page of the action shows more; of kinds that need no more, nothing.

    "bar" is the Problem that stands in the way of confirming it now.
    """
    looks = {CAST_VOTE: _verdict, MOVE_REVISION: _move}
    if action.kind not in looks:
        return {}
    try:
        return looks[action.kind](action, request, now)
    except (NotFound, NotPermitted) as problem:
        return {"bar": problem}


def vote(request: HttpRequest, action: PendingAction, now: datetime) -> str:
    """Give the prepared verdict and return what its reviewer is told; "" where a passkey must sign it first.

    Raises: ReauthenticationRequired, where no passkey is asked for. And as `confirm_vote`.
    """
    if factors.votes_are_signed() and not casting.is_signed(request):
        return ""
    signed = casting.prove_unless_signed(request)
    prepared_votes.confirm_vote(action=action, by=reader(request), now=now, signed=signed)
    casting.note(request, signed, now)
    return review_page.told_after(prepared_votes.prepared_on(action))


def _verdict(action: PendingAction, request: HttpRequest, now: datetime) -> dict[str, Any]:
    """The verdict as it is cast. Raises: NotFound, NotPermitted: the request is hidden from them now."""
    principal = reader(request)
    the_request, _ = review_page.reviewed(principal, action.payload["request"], now)
    context: dict[str, Any] = {"the_request": the_request, "said": action.payload}
    if action.state_at(now) != PendingAction.State.PENDING:
        return context
    try:
        leaf = prepared_votes.leaf_of(action, principal, now)
    except Problem as problem:
        return {**context, "bar": problem}
    if not factors.votes_are_signed():
        return context
    options = passkeys.request_options(person(request), ballots.challenge([leaf]))
    return {**context, "leaves": leaf, "passkey_options": options}


def _move(action: PendingAction, request: HttpRequest, now: datetime) -> dict[str, Any]:
    """The revision that is moved. Raises: NotFound, NotPermitted: it is not theirs to see now."""
    principal, revision = reader(request), prepared_moves.prepared_on(action)
    release = vault_desk.enter(principal, revision.release.slug)
    context: dict[str, Any] = {
        "release": release,
        "row": vault_desk.row(release, revision.pk),
        "moved": action.payload,
    }
    if action.state_at(now) != PendingAction.State.PENDING:
        return context
    try:
        prepared_moves.require_open(revision, action.payload["move"], principal)
    except Problem as problem:
        return {**context, "bar": problem}
    return context
