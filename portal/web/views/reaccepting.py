"""A newer license version that a grant needs: read what changed, and accept it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, queries
from portal.core.problems import Invalid
from portal.web import license_desk as desk
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.requests import SignForm
from portal.web.reader import person, reader
from portal.web.views.doors import found, posted, private, prove, proven


@private("GET", "POST")
@proven
def accept(request: HttpRequest, grant_id: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    grant = found(queries.grants_of(principal).filter(pk=grant_id).first())
    license = queries.version_to_accept(grant, now)
    if license is None:
        return redirect("grant_detail", grant.pk)
    form = SignForm(posted(request), initial={"license_sha256": license.sha256}, signer=person(request))
    if form.is_valid():
        prove(request)
        try:
            actions.reaccept(
                grant=grant,
                typed_name=form.cleaned_data["typed_name"],
                license_sha256=form.cleaned_data["license_sha256"],
                by=principal,
                now=now,
            )
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "The new license version is accepted. Your grant goes on under it.")
            return redirect("grant_detail", grant.pk)
    context = {
        "grant": grant,
        "license": license,
        "difference": desk.difference(grant.license_version, license),
        "overdue": grant.reaccept_by is not None and grant.reaccept_by <= now,
        "form": form,
    }
    return render(request, "web/pages/grant_accept.html", context, status=400 if form.errors else 200)
