"""All grants, for legal staff: who holds what, and suspend, resume, revoke."""

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, queries
from portal.core.problems import Invalid
from portal.web import desk
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.review import GrantChangeForm, GrantFilterForm
from portal.web.reader import reader
from portal.web.story import told
from portal.web.views.doors import posted, private

PER_PAGE = 50
VERBS = {"suspend": actions.suspend, "resume": actions.resume, "revoke": actions.revoke}


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    form = GrantFilterForm(request.GET)
    grants = desk.grants(reader(request), **form.filters)
    context = {
        "form": form,
        "filtered": any(form.filters.values()),
        "query": form.query,
        "page": Paginator(grants, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "web/pages/staff_grants.html", context)


@private("GET", "POST")
@reauthentication_required(allow_get=True)
def change(request: HttpRequest, grant_id: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    grant = desk.grant(principal, grant_id)
    form = GrantChangeForm(posted(request), verbs=desk.verbs(principal, grant))
    if form.is_valid():
        try:
            verb = VERBS[form.cleaned_data["verb"]]
            verb(grant=grant, reason=form.cleaned_data["reason"], by=principal, now=now)
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
