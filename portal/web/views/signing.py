"""Reading and signing a license."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, policies, queries
from licenses.actions.moving import require
from licenses.models import Grant, Party, Request
from portal.core.problems import Invalid
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.requests import SignForm
from portal.web.reader import person, reader
from portal.web.views.doors import found, posted, private, prove, proven
from portal.web.views.requests import own


@private("GET", "POST")
@proven
def sign(request: HttpRequest, request_id: str) -> HttpResponse:
    mine, principal, now = own(request, request_id), reader(request), timezone.now()
    case = queries.request_case(principal, mine, now)
    if case.team.accepted and request.method == "GET":
        return redirect("request_detail", mine.pk)
    require(policies.may_sign(case))
    license = found(mine.license_version)
    form = SignForm(posted(request), initial={"license_sha256": license.sha256}, signer=person(request))
    if form.is_valid():
        prove(request)
        try:
            grants = actions.sign(
                request=mine,
                typed_name=form.cleaned_data["typed_name"],
                license_sha256=form.cleaned_data["license_sha256"],
                by=principal,
                now=now,
            )
        except Invalid as problem:
            add_problem(form, problem)
        else:
            return _signed(request, mine, [grant for grant in grants if grant.user == principal.user])
    context = {
        "the_request": mine,
        "license": license,
        "form": form,
        "binds": case.team.role == Party.Role.SIGNATORY,
        "waits": mine.signatory,
    }
    return render(request, "web/pages/request_sign.html", context, status=400 if form.errors else 200)


def _signed(request: HttpRequest, signed: Request, granted: list[Grant]) -> HttpResponse:
    """Lead on to the grant that the signature made for the person, or to all of them; else back to the
    request."""
    if granted:
        made = "your grant is" if len(granted) == 1 else "your grants are"
        messages.success(request, f"The license is signed and {made} made.")
        return redirect("grant_detail", granted[0].pk) if len(granted) == 1 else redirect("grants")
    messages.success(request, "Your signature is kept. The request's page says what is still missing.")
    return redirect("request_detail", signed.pk)
