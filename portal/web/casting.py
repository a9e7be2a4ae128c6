"""Verdicts that a passkey signs: the page that asks for it, and what comes back from it.

Where STAFF_MFA asks for passkeys, a verdict takes two steps: what was filled in is shown once more, as it
will be cast, and the passkey signs just that. Its answer proves who gives it: no password is asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from licenses import ballots
from licenses.actions import balloting
from licenses.ballots import Signed
from licenses.models import VoteAssertion
from portal.accounts import factors, passkeys
from portal.accounts.assertions import AssertionRefused
from portal.accounts.principals import PASSKEY
from portal.web.reader import person
from portal.web.views.doors import View, prove, proven

ANSWER, LEAVES = "assertion", "leaves"


def signed_or_proven(view: View) -> View:
    """Let a form in that a passkey signed; of every other one ask for proof as `proven` does.

    The action checks the signature before it writes. See `prove_unless_signed`.
    """
    asking = proven(view)

    @wraps(view)
    def entered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return (view if is_signed(request) else asking)(request, *args, **kwargs)

    return entered


def is_signed(request: HttpRequest) -> bool:
    """True where the form says that a passkey signed it, and verdicts must be signed."""
    return factors.votes_are_signed() and ANSWER in request.POST


def prove_unless_signed(request: HttpRequest) -> Signed | None:
    """Return what the passkey signed; where none is asked for, go on with who proved just now who they are.

    Raises: NotPermitted(passkey_refused): not readable. ReauthenticationRequired.
    """
    if not is_signed(request):
        prove(request)
        return None
    try:
        return Signed.parse(request.POST[ANSWER], request.POST.get(LEAVES, ""))
    except AssertionRefused as error:
        raise balloting.refused() from error


def ask(
    request: HttpRequest, template: str, context: Mapping[str, Any], leaves: Sequence[str]
) -> HttpResponse:
    """The page that shows what is cast and asks for the passkey. leaves: one a verdict on it."""
    options = passkeys.request_options(person(request), ballots.challenge(leaves))
    return render(request, template, {**context, "leaves": " ".join(leaves), "passkey_options": options})


def note(request: HttpRequest, signed: Signed | None, now: datetime) -> None:
    """Let the passkey's answer, once it was checked and kept, count as proof of who sits there."""
    if signed is None:
        return
    kept = VoteAssertion.objects.filter(digest=signed.digest, user=person(request), at=now).first()
    if kept is not None:
        used = passkeys.by_credential(person(request), kept.credential_id)
        record_authentication(request, person(request), "mfa", id=used.pk, type=PASSKEY, reauthenticated=True)
