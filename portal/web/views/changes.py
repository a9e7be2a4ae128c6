"""Changes of two: what waits for a second person, and one of them to confirm, refuse or withdraw."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts import changes, exports, matrix
from portal.accounts.policies import may_see_changes, staff_may
from portal.core.problems import Conflict, Invalid, require
from portal.web.forms.exports import ExportForm
from portal.web.forms.questionnaire import add_problem
from portal.web.proposed_questions import proposed_questions
from portal.web.reader import reader
from portal.web.views.doors import posted, private, prove, proven

PER_PAGE = 50
_VERBS = {
    "confirm": (changes.confirm, "Confirmed, and done."),
    "refuse": (changes.refuse, "Refused. Nothing was done."),
    "withdraw": (changes.withdraw, "Withdrawn. Nothing was done."),
}


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    require(may_see_changes(principal))
    page = Paginator(changes.visible_to(principal), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "waiting": [
            (change, changes.kind_of(change.kind).title) for change in changes.waiting_for(principal, now)
        ],
        "rows": [(change, changes.kind_of(change.kind).title, change.state_at(now)) for change in page],
        "page": page,
    }
    return render(request, "web/pages/changes.html", context)


@private("GET", "POST")
@proven
def detail(request: HttpRequest, change_id: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    require(may_see_changes(principal))
    change = changes.change_for(principal, change_id)
    verb, said = _VERBS.get(request.POST.get("do", ""), (None, ""))
    if verb is not None:
        prove(request)
        verb(change=change, by=principal, now=now)
        messages.success(request, said)
        return redirect("change", change.pk)
    context = {
        "change": change,
        "title": changes.kind_of(change.kind).title,
        "state": change.state_at(now),
        "questions": proposed_questions(change),
        "verdict": changes.may_confirm(principal, change),
        "download": exports.address_of(change, principal, now),
        "own": bool(changes.may_withdraw(principal, change)),
    }
    return render(request, "web/pages/change.html", context)


@private("GET", "POST")
@proven
def export(request: HttpRequest) -> HttpResponse:
    """Propose that what stands here about many people leaves as a file."""
    principal, now = reader(request), timezone.now()
    require(staff_may(principal, matrix.EXPORT))
    form = ExportForm(posted(request), offered=exports.open_to(principal))
    if form.is_valid():
        prove(request)
        try:
            change = exports.propose_export(by=principal, now=now, **form.cleaned_data)
        except Invalid as problem:
            add_problem(form, problem)
        except Conflict as problem:
            form.add_error(None, f"{problem.detail} {problem.next_step}")
        else:
            messages.success(request, "It is proposed. You can download it once a colleague confirms it.")
            return redirect("change", change.pk)
    return render(request, "web/pages/export.html", {"form": form}, status=400 if form.errors else 200)
