"""The team of a request: its applicant asks people in, and they answer."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, policies, queries
from licenses.actions.moving import require
from licenses.models import Party, Request
from portal.core.problems import Invalid
from portal.web import answers, team
from portal.web.forms.questionnaire import add_problem
from portal.web.reader import reader
from portal.web.views.doors import found, posted, private
from portal.web.views.requests import own

_ANSWERS = {
    "join": (actions.join, "You take part now. This page leads you on."),
    "decline": (actions.decline, "You declined. The applicant is told."),
}


@private("GET", "POST")
def change(request: HttpRequest, request_id: str) -> HttpResponse:
    """Who stands in the request; ask somebody in, or take somebody out."""
    mine, principal, now = own(request, request_id), reader(request), timezone.now()
    if request.method == "POST" and "remove" in request.POST:
        return _remove(request, mine)
    section = team.team_of(principal, mine, now, posted(request))
    if request.method == "POST" and section.form is None:
        require(policies.may_invite(queries.request_case(principal, mine, now), Party.Role.CO_APPLICANT))
    if section.form is not None and section.form.is_valid():
        try:
            party = actions.invite(request=mine, by=principal, now=now, **section.form.cleaned_data)
        except Invalid as problem:
            add_problem(section.form, problem)
        else:
            messages.success(request, f"{party.full_name} is asked by mail.")
            return redirect("request_team", mine.pk)
    wrong = request.method == "POST" or (section.form is not None and bool(section.form.errors))
    context = {"the_request": mine, "team": section}
    return render(request, "web/pages/request_team.html", context, status=400 if wrong else 200)


def _remove(request: HttpRequest, mine: Request) -> HttpResponse:
    party = found({party.pk: party for party in queries.parties_of(mine)}.get(request.POST["remove"]))
    actions.remove(party=party, by=reader(request), now=timezone.now())
    messages.success(request, f"{party.full_name} is no longer in the team.")
    return redirect("request_team", mine.pk)


@private("GET")
def invitations(request: HttpRequest) -> HttpResponse:
    mine = queries.invitations_of(reader(request))
    return render(request, "web/pages/invitations.html", {"invitations": mine})


@private("GET", "POST")
def invitation(request: HttpRequest, party_id: str) -> HttpResponse:
    """What is asked, by whom, and the answer. Not found, unless the reader's verified address was asked."""
    principal, now = reader(request), timezone.now()
    party = queries.invitation_for(principal, party_id)
    verb, said = _ANSWERS.get(request.POST.get("do", ""), (None, ""))
    if verb is not None:
        verb(party=party, by=principal, now=now)
        messages.success(request, said)
        return redirect("invitation", party.pk)
    place = team.place_of(principal, party, now)
    context = {
        "party": party,
        "the_request": party.request,
        "applicant": party.request.applicant,
        "place": place,
        "answers": answers.latest(party.request) if place.opens else None,
        "license": _license(party) if place.opens else None,
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "web/pages/invitation.html", context, status=status)


def _license(party: Party) -> object:
    asked = party.request
    terms = queries.terms_of(asked)
    in_force = queries.license_in_force(terms.license, timezone.now(), asked.organization_id)
    return asked.license_version or in_force
