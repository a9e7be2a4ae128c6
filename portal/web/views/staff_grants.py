"""The grants, for legal staff: who holds what; one of them changed."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import queries
from licenses.actions.granting import change_one
from portal.core.problems import Invalid
from portal.web import desk, grants_desk
from portal.web.forms.questionnaire import add_problem
from portal.web.reader import reader
from portal.web.story import told
from portal.web.views.doors import posted, private, prove, proven


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    context = grants_desk.listed(reader(request), request.GET, timezone.now())
    return render(request, "web/pages/staff_grants.html", context)


@private("GET", "POST")
@proven
def change(request: HttpRequest, grant_id: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    grant = desk.grant(principal, grant_id)
    if request.method == "POST":
        desk.change_grants(principal)
    form = grants_desk.change_form(principal, posted(request), grant=grant, fill="fill" in request.POST)
    if form.is_valid():
        prove(request)
        try:
            change_one(grant=grant, by=principal, now=now, **form.change)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "The grant is changed, and its holder is told.")
            return redirect("staff_grant_change", grant.pk)
    context = {
        "grant": grant,
        "form": form,
        "url_lifetime_min": -(-settings.URL_LIFETIME_S // 60),
        "timeline": told(queries.grant_timeline(grant, principal)),
    }
    return render(request, "web/pages/staff_grant.html", context, status=400 if form.errors else 200)
