"""Closing a grant for good, with a certificate of destruction."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, policies, queries
from licenses.actions.moving import require
from portal.core.problems import Invalid
from portal.web.forms.closing import CloseOutForm
from portal.web.forms.questionnaire import add_problem
from portal.web.reader import person, reader
from portal.web.views.doors import found, posted, private, prove, proven


@private("GET", "POST")
@proven
def close(request: HttpRequest, grant_id: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    grant = found(queries.grants_of(principal).filter(pk=grant_id).first())
    require(policies.may_close(queries.grant_case(principal, grant)))
    form = CloseOutForm(posted(request), starts=grant.starts_at, now=now, signer=person(request))
    if form.is_valid():
        prove(request)
        try:
            actions.close_out(grant=grant, by=principal, now=now, **form.certified)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "The grant is closed. Your certificate is being prepared as a PDF.")
            return redirect("grant_detail", grant.pk)
    context = {"grant": grant, "form": form}
    return render(request, "web/pages/grant_close.html", context, status=400 if form.errors else 200)
