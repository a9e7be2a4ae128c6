"""When reviewers are away, and who stands in."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, queries
from portal.core.problems import Invalid
from portal.web import desk
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.queue import AbsenceForm
from portal.web.queue import named
from portal.web.reader import reader
from portal.web.views.doors import posted, private


@private("GET", "POST")
def index(request: HttpRequest) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    desk.enter(principal)
    if request.method == "POST":
        desk.keep(principal)
    people = list(queries.desk_people(now))
    others = [person for person in people if person.pk != principal.person.pk]
    form = AbsenceForm(posted(request), reviewers=named(others))
    if form.is_valid():
        days = {name: form.cleaned_data[name] for name in ("starts_on", "ends_on")}
        cover = next((person for person in others if person.public_id == form.cleaned_data["cover"]), None)
        try:
            actions.be_away(cover=cover, by=principal, now=now, **days)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "It is noted. Nothing is put on your desk in that time.")
            return redirect("absences")
    context = {"form": form, "absences": queries.absences(principal, now), "today": now.date()}
    return render(request, "web/pages/absences.html", context, status=400 if form.errors else 200)


@private("POST")
def end(request: HttpRequest, absence_id: str) -> HttpResponse:
    principal = reader(request)
    desk.keep(principal)
    actions.be_back(absence=queries.absence_for(principal, absence_id), by=principal, now=timezone.now())
    messages.success(request, "Taken back: you are there in that time.")
    return redirect("absences")
