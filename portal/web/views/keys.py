"""A person's recipient keys. They are made and enrolled by the command; here they are seen and removed."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.web.forms.requests import NothingForm
from portal.web.reader import reader
from portal.web.views.doors import found, private
from weights_vault import queries
from weights_vault.actions import keys as actions


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    mine = queries.live_keys_of(reader(request), timezone.now())
    return render(request, "web/pages/keys.html", {"keys": mine})


@private("GET", "POST")
def remove(request: HttpRequest, key_id: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    key = found(queries.live_keys_of(principal, now).filter(pk=key_id).first())
    if request.method == "POST":
        actions.remove(by=principal, key=key, now=now)
        messages.success(request, f"The key “{key.name}” is removed.")
        return redirect("keys")
    return render(request, "web/pages/key_remove.html", {"key": key, "form": NothingForm()})
