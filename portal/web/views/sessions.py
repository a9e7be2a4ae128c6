"""Where a person is signed in: seen here, ended here."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts import browsers
from portal.accounts.models import BrowserSession
from portal.web.agents import in_words
from portal.web.reader import person, reader
from portal.web.views.doors import found, private


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    browsers.note(request, now)
    here = browsers.row_of(request)
    rows = [(each, in_words(each.agent), each.row == here) for each in browsers.live(person(request), now)]
    context = {"rows": sorted(rows, key=lambda row: not row[2]), "others": any(not row[2] for row in rows)}
    return render(request, "web/pages/sessions.html", context)


# Signing out takes nothing from anybody but who should not be there: no proof is asked for.
@private("POST")
def end(request: HttpRequest, session_id: str) -> HttpResponse:
    session = found(BrowserSession.objects.filter(user=person(request), pk=session_id).first())
    own = session.row == browsers.row_of(request)
    browsers.end(session=session, by=reader(request), now=timezone.now())
    if own:
        request.session.flush()
        return redirect("account_login")
    messages.success(request, f"{in_words(session.agent)} is signed out.")
    return redirect("account_sessions")


@private("POST")
def end_others(request: HttpRequest) -> HttpResponse:
    ended = browsers.end_others(
        user=person(request), keep=browsers.row_of(request), by=reader(request), now=timezone.now()
    )
    said = "Every other browser is signed out." if ended else "You are signed in nowhere else."
    messages.success(request, said)
    return redirect("account_sessions")
