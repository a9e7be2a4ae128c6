"""Looking at the site as another role, and leaving that."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts import looking
from portal.accounts.policies import may_look_as
from portal.core.problems import Invalid, require
from portal.web.forms.looking import LookForm
from portal.web.forms.questionnaire import add_problem
from portal.web.reader import person, reader
from portal.web.views.doors import posted, private


@private("GET", "POST")
def choose(request: HttpRequest) -> HttpResponse:
    principal = reader(request)
    require(may_look_as(principal))
    form = LookForm(posted(request), roles=looking.open_to(principal.roles))
    if form.is_valid():
        try:
            looking.begin(
                session=request.session, role=form.cleaned_data["role"], by=principal, now=timezone.now()
            )
        except Invalid as problem:
            add_problem(form, problem)
        else:
            return redirect("home")
    return render(request, "web/pages/look_as.html", {"form": form}, status=400 if form.errors else 200)


@private("POST")
def leave(request: HttpRequest) -> HttpResponse:
    looking.leave(session=request.session, user=person(request), now=timezone.now())
    messages.success(request, "You see the site as yourself again.")
    return redirect("home")
