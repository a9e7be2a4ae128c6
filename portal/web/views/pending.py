"""Where a person confirms, or refuses, what a program asked for."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import queries
from licenses.actions.prepared_votes import CAST_VOTE
from licenses.actions.reaccepting import REACCEPT
from licenses.models import LicenseVersion
from portal.accounts import pending
from portal.accounts.models import PendingAction
from portal.accounts.principals import Principal
from portal.web import casting, prepared
from portal.web.reader import reader
from portal.web.views.doors import found, private, prove

TITLES = {
    "enroll_key": "Add a recipient key",
    "remove_key": "Remove a recipient key",
    "sign_license": "Sign a license",
    "close_out": "Close a grant, and certify that the copies are destroyed",
    "reaccept_license": "Accept a new license version",
    "cast_vote": "Give a verdict",
    "revision_move": "Recall a revision, or give it out again",
}


@private("GET", "POST")
@casting.signed_or_proven
def decide(request: HttpRequest, action_id: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    action = found(pending.visible_to(principal).select_related("user").filter(pk=action_id).first())
    said = _decided(request, action, now)
    if said:
        messages.success(request, said)
        return redirect("pending_action", action.pk)
    context = {
        "action": action,
        "title": TITLES.get(action.kind, "Confirm"),
        "state": action.state_at(now),
        # What is signed is read here, not only named.
        "license": _license_of(action, principal, now),
        **prepared.shown(action, request, now),
    }
    return render(request, "web/pages/pending.html", context)


def _decided(request: HttpRequest, action: PendingAction, now: datetime) -> str:
    """Do what the form says, and return what the person is told of it; "" where it says nothing to do."""
    principal, do = reader(request), request.POST.get("do", "")
    if do == "refuse":
        prove(request)
        pending.refuse(action=action, by=principal, now=now)
        return "Refused. Nothing was done."
    if do != "confirm":
        return ""
    if action.kind == CAST_VOTE:
        return prepared.vote(request, action, now)
    prove(request)
    pending.confirm(action=action, by=principal, now=now)
    return "Confirmed."


def _license_of(action: PendingAction, principal: Principal, now: datetime) -> LicenseVersion | None:
    """The text that confirming the action accepts, if it does that."""
    asked = queries.requests_of(principal).filter(pk=action.payload.get("request")).first()
    if asked is not None:
        return asked.license_version
    if action.kind != REACCEPT:
        return None  # a grant is closed out under the text that was accepted long ago
    grant = queries.grants_of(principal).filter(pk=action.payload.get("grant")).first()
    return queries.version_to_accept(grant, now) if grant else None
