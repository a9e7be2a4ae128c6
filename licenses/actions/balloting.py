"""Check and keep the passkey assertion under a verdict. Where STAFF_MFA asks for none, there is none."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from licenses import ballots, links, texts
from licenses.ballots import Signed
from licenses.models import Request, VoteAssertion
from portal.accounts import factors, passkeys
from portal.accounts.assertions import AssertionRefused
from portal.accounts.models import User
from portal.core.problems import Conflict, NotPermitted


def required(request: Request) -> NotPermitted:
    """Return the refusal of a verdict that no passkey signed."""
    page = links.page(links.REVIEW, id=request.pk)
    return NotPermitted(
        "passkey_required",
        "A verdict is signed by your passkey, so that nobody else can give it in your name.",
        f"Open {page} in a browser, give the verdict there, and confirm it with your passkey.",
        extra={"page": page},
    )


def refused() -> NotPermitted:
    """Return the refusal of an answer that is not this person's passkey over just this."""
    return NotPermitted(
        "passkey_refused",
        "The passkey's answer does not fit: nothing was recorded.",
        "Load the page again, and confirm with a passkey that is on your account.",
    )


def prepared(requests: Sequence[Request], verdict: str, reason: str, reviewer: User) -> list[str]:
    """Return the leaf of one verdict on each request, about to be signed. reason: as it was typed."""
    said, _ = texts.clean(reason, multiline=True)
    return [ballots.leaf(each) for each in ballots.documents(requests, verdict, said, reviewer)]


def keep(
    request: Request, verdict: str, reason: str, reviewer: User, signed: Signed | None, now: datetime
) -> dict[str, Any]:
    """Return what the vote's row keeps: its document and the assertion over it; nothing where none is needed.

    Within the transaction that locks the request. One answer serves all verdicts that it names and that are
    given at `now`, and none later.
    Raises: NotPermitted(passkey_required, passkey_refused). Conflict(ballot_changed).
    """
    if not factors.votes_are_signed():
        return {}
    if signed is None:
        raise required(request)
    document = ballots.document(request, verdict, reason, reviewer)
    if ballots.leaf(document) not in signed.leaves:
        raise Conflict(
            "ballot_changed",
            "What you confirmed is not what stands now: the request changed meanwhile.",
            "Read it again, then give your verdict.",
        )
    return {"document": document, "assertion": _kept(signed, reviewer, now)}


def _kept(signed: Signed, reviewer: User, now: datetime) -> VoteAssertion:
    before = VoteAssertion.objects.filter(digest=signed.digest).first()
    if before is not None:
        if (before.user_id, before.at, before.leaves) != (reviewer.pk, now, sorted(signed.leaves)):
            raise refused()
        return before
    answer = signed.assertion
    try:
        passkeys.check(reviewer, answer, ballots.challenge(signed.leaves))
    except AssertionRefused as error:
        raise refused() from error
    return VoteAssertion.objects.create(
        user=reviewer,
        credential_id=answer.credential_id.hex(),
        authenticator_data=answer.authenticator_data,
        client_data=answer.client_data,
        signature=answer.signature,
        digest=signed.digest,
        leaves=sorted(signed.leaves),
        at=now,
    )
