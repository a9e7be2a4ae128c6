"""What the portal keeps about its reader: taken along, or erased."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts.actions.erasing import bars_of, erase
from portal.accounts.actions.exporting import note_export
from portal.core.problems import Invalid
from portal.web.forms.own_data import EraseForm
from portal.web.forms.questionnaire import add_problem
from portal.web.own_data import document
from portal.web.reader import person, reader
from portal.web.views.doors import posted, private, prove, proven


@private("GET", "POST")
@proven
def index(request: HttpRequest) -> HttpResponse:
    user, now = person(request), timezone.now()
    form = EraseForm(posted(request), user=user)
    if form.is_valid():
        prove(request)
        try:
            erase(user=user, address=form.cleaned_data["address"], by=reader(request), now=now)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            logout(request)
            messages.success(request, "You are erased here. A last mail to your address says what is kept.")
            return redirect("home")
    context = {"form": form, "bars": bars_of(user, now), "address_days": settings.LEDGER_ADDRESS_DAYS}
    return render(request, "web/pages/own_data.html", context, status=400 if form.errors else 200)


@private("POST")
@proven  # type: ignore[arg-type] # a file that is streamed is no less an answer
def export(request: HttpRequest) -> HttpResponseBase:
    """Everything as one file, written while it is sent."""
    prove(request)
    now = timezone.now()
    note_export(user=person(request), by=reader(request), now=now)
    answer = StreamingHttpResponse(document(reader(request), now), content_type="application/json")
    answer["Cache-Control"] = "private, no-store"
    answer["Content-Disposition"] = f'attachment; filename="my-data-{now:%Y-%m-%d}.json"'
    return answer
