"""Reading and signing a license."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, policies, queries
from licenses.actions.moving import require
from portal.core.problems import Invalid
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.requests import SignForm
from portal.web.reader import reader
from portal.web.views.doors import found, posted, private
from portal.web.views.requests import own


@private("GET", "POST")
@reauthentication_required(allow_get=True)
def sign(request: HttpRequest, request_id: str) -> HttpResponse:
    mine, principal, now = own(request, request_id), reader(request), timezone.now()
    require(policies.may_sign(queries.request_case(principal, mine, now)))
    license = found(mine.license_version)
    form = SignForm(posted(request), initial={"license_sha256": license.sha256})
    if form.is_valid():
        try:
            actions.sign(
                request=mine,
                typed_name=form.cleaned_data["typed_name"],
                license_sha256=form.cleaned_data["license_sha256"],
                by=principal,
                now=now,
            )
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "The license is signed and your grant is made.")
            return redirect("grants")
    context = {"the_request": mine, "license": license, "form": form}
    return render(request, "web/pages/request_sign.html", context, status=400 if form.errors else 200)
