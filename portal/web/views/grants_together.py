"""One change of many grants: what was chosen, then what became of each."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions
from licenses.queries.grants import grants_by_id
from portal.core.problems import Invalid
from portal.web import desk, grants_desk
from portal.web.forms.questionnaire import add_problem
from portal.web.reader import reader
from portal.web.views.doors import posted, private, prove, proven

_SESSION: Final = "grant_outcomes"


@private("GET", "POST")
@proven
def change(request: HttpRequest) -> HttpResponse:
    """List what was selected, or all that a filter names; then change exactly what was listed.

    What was selected stands in the address: whoever has to authenticate anew comes back to it.
    """
    principal, now = reader(request), timezone.now()
    desk.change_grants(principal)
    grants, total = grants_desk.chosen(principal, posted(request) or request.GET, now)
    if not grants:
        messages.warning(request, "Select the grants to change first.")
        return redirect("staff_grants")
    form = grants_desk.change_form(principal, posted(request), fill="fill" in request.POST)
    if form.is_valid():
        prove(request)
        try:
            outcomes = actions.change_many(grants=grants, by=principal, now=now, **form.change)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            # Kept for the page that comes after, so that loading it again changes nothing again.
            request.session[_SESSION] = [grants_desk.kept_outcome(outcome) for outcome in outcomes]
            return redirect("grants_changed")
    able, fixed = grants_desk.sorted_out(principal, grants)
    context = {"grants": able, "fixed": fixed, "form": form, "total": total, "looked": len(grants)}
    context["left"] = total - len(grants)
    return render(request, "web/pages/grants_together.html", context, status=400 if form.errors else 200)


@private("GET")
def done(request: HttpRequest) -> HttpResponse:
    """What became of each grant of the last change of many."""
    principal = reader(request)
    desk.change_grants(principal)
    why = {each["id"]: each["why"] for each in request.session.get(_SESSION, [])}
    told = [(grant, why[grant.pk]) for grant in grants_by_id(principal, why)]
    context = {
        "failed": [each for each in told if each[1]],
        "changed": [grant for grant, said in told if not said],
    }
    return render(request, "web/pages/grants_changed.html", context)
