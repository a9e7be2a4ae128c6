"""Organizations, for those who manage them, administrators and auditors."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts.organizations import organization_for, organizations
from portal.core.problems import Conflict, Invalid
from portal.web import organization_desk
from portal.web.forms.organizations import SearchForm
from portal.web.forms.questionnaire import add_problem
from portal.web.reader import reader
from portal.web.views.doors import private, prove, proven

PER_PAGE = 50


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    form = SearchForm(request.GET)
    found = organizations(reader(request), form.wanted)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    query = f"{urlencode({'text': form.wanted})}&" if form.wanted else ""
    return render(request, "web/pages/organizations.html", {"form": form, "page": page, "query": query})


@private("GET", "POST")
@proven
def detail(request: HttpRequest, organization_id: str) -> HttpResponse:
    """One organization; each of its forms says with its button what it is for."""
    principal, sent = reader(request), None
    found = organization_for(principal, organization_id)
    if request.method == "POST":
        organization_desk.enter_to_change(principal, found)
        make, act = organization_desk.FORMS.get(request.POST.get("do", ""), (None, None))
        sent = make(request.POST) if make else None
        if sent is not None and act is not None and sent.is_valid():
            prove(request)
            try:
                said = act(found, sent, principal, timezone.now())
            except Invalid as problem:
                add_problem(sent, problem)
            except Conflict as problem:
                sent.add_error(None, f"{problem.detail} {problem.next_step}".strip())
            else:
                messages.success(request, said)
                return redirect("organization", found.pk)
    context = organization_desk.page_of(principal, found, request.GET, sent)
    status = 400 if request.method == "POST" else 200
    return render(request, "web/pages/organization.html", context, status=status)
