"""Where a person lets a machine sign in, or does not, and signs it out again."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts.devices import codes, families
from portal.accounts.models import Device, DeviceCode
from portal.accounts.principals import Principal
from portal.accounts.scopes import WORDS
from portal.core import limits
from portal.core.problems import Conflict
from portal.web.forms.devices import DeviceCodeForm
from portal.web.reader import person, reader
from portal.web.views.doors import found, private, prove

LIMIT = "device_user_code"
NOBODY = "No machine waits with this code. Look again at the terminal: eight letters, in two halves."


# Not `proven`: a wrong guess is counted and a refusal written whoever sits there; allowing asks for proof.
@private("GET", "POST")
def decide(request: HttpRequest) -> HttpResponse:
    """Ask for the code; of a known one, show who asks for what; then allow or refuse."""
    principal, now = reader(request), timezone.now()
    sent = request.POST if request.method == "POST" else request.GET
    form = DeviceCodeForm(sent if "code" in sent or request.method == "POST" else None)
    code = _known(request, form.cleaned_data["code"], now) if form.is_valid() else None
    if code is None:
        if form.is_valid():
            form.add_error("code", NOBODY)
        return render(
            request, "web/pages/device_code.html", {"form": form}, status=400 if form.errors else 200
        )
    match sent.get("do", "") if request.method == "POST" else "":
        case "allow":
            prove(request)
            return _allow(request, code, principal, now)
        case "refuse":
            codes.refuse(code=code, by=principal, now=now)
            messages.success(request, "Refused. Nothing was signed in.")
            return redirect("tokens")
    return render(request, "web/pages/device.html", _told(code, principal, now))


@private("POST")
def end(request: HttpRequest, device_id: str) -> HttpResponse:
    device = found(Device.objects.filter(user=person(request), pk=device_id).first())
    families.end(device=device, by=reader(request), now=timezone.now())
    messages.success(request, f"“{device.name}” is signed out.")
    return redirect("tokens")


def _known(request: HttpRequest, typed: str, now: datetime) -> DeviceCode | None:
    """Look the code up; a wrong one counts as a guess. Counted first: over the limit a right one must not be
    told from a wrong one. By the account: nobody spends another's guesses, nor gets more by moving about.

    Raises: TooMany.
    """
    guesser = str(person(request).pk)
    limits.take(LIMIT, guesser, now=now)
    code = codes.found(typed)
    if code is not None:
        limits.give_back(LIMIT, guesser)
    return code


def _allow(request: HttpRequest, code: DeviceCode, principal: Principal, now: datetime) -> HttpResponse:
    try:
        device = codes.allow(code=code, by=principal, now=now)
    except Conflict as problem:
        if not problem.code.startswith("device_code_"):
            raise
        return render(request, "web/pages/device.html", _told(code, principal, now), status=409)
    messages.success(request, f"“{device.name}” is signed in. Its terminal goes on by itself.")
    return redirect("tokens")


def _told(code: DeviceCode, principal: Principal, now: datetime) -> dict[str, object]:
    code.refresh_from_db()
    given = codes.granted(code, principal)
    return {
        "code": code,
        "state": code.state_at(now),
        "may": [WORDS[scope] for scope in given],
        "not_given": [WORDS[scope] for scope in code.scopes if scope not in given],
    }
