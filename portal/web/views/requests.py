"""An applicant's own requests: ask, follow, change, withdraw, appeal."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import replace_url

from licenses import actions, policies, queries
from licenses.actions.moving import require
from licenses.models import Request
from portal.core.problems import Conflict, Invalid
from portal.core.verdicts import Denied
from portal.web import application, request_page
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.requests import AppealForm, NothingForm
from portal.web.pace import pace_of
from portal.web.reader import reader
from portal.web.views.doors import found, posted, private
from weights_vault.ports import access_policy

# A request under way in which a second form, sent meanwhile, can be kept.
EDITABLE = frozenset({"request_draft", "changes_requested"})
# What keeps a request from being sent that is kept all the same.
INCOMPLETE_TEAM = frozenset({"party_pending", "signatory_missing"})


def own(request: HttpRequest, request_id: str) -> Request:
    """The reader's own request; a reviewer's way to others' leads through the queue."""
    mine = queries.requests_of(reader(request)).filter(pk=request_id)
    return found(next(iter(queries.as_they_stand(mine, timezone.now())), None))


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    principal = reader(request)
    held = Prefetch("grants", queries.grants_of(principal), to_attr="held")
    mine = queries.requests_of(principal).prefetch_related(held)
    shown = queries.as_they_stand(mine, timezone.now())
    context = {"requests": shown, "asked": queries.unanswered(principal)}
    return render(request, "web/pages/requests.html", context)


@private("GET", "POST")
def new(request: HttpRequest, slug: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    release = found(access_policy().visible_releases(principal).filter(slug=slug).first())
    facts = queries.facts(principal, release)
    verdict = policies.may_draft(facts, now)
    if isinstance(verdict, Denied) and facts.request is not None and application.instead(verdict):
        if request.method == "POST" and verdict.code in EDITABLE:
            # What was typed in a second tab is not lost: it meets the draft that the first one made.
            return edit(request, facts.request.id)
        return redirect(application.instead(verdict), facts.request.id)
    empty = request.GET.get("start") == "empty"
    return _fill(request, application.Sheet.begin(principal, release, now, posted(request), empty=empty))


@private("GET", "POST")
def edit(request: HttpRequest, request_id: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    sheet = application.Sheet.resume(principal, own(request, request_id), now, posted(request))
    return _fill(request, sheet)


def _fill(request: HttpRequest, sheet: application.Sheet) -> HttpResponse:
    """Show the form, or keep what it says and send it if that was asked."""
    kept = _kept(sheet) if request.method == "POST" and sheet.form.is_valid() else None
    if "HX-Request" in request.headers and not sheet.sends:
        return _told_in_place(request, sheet, kept)
    if kept is not None:
        messages.success(request, sheet.said)
        return redirect("request_detail", kept.pk)
    status = 409 if sheet.elsewhere else 400 if sheet.form.errors else 200
    told = {"review_target_days": settings.REVIEW_TARGET_DAYS, "pace": pace_of(sheet.release)}
    context = {**sheet.context, **told}
    return render(request, "web/pages/request_form.html", context, status=status)


def _kept(sheet: application.Sheet) -> Request | None:
    """Keep what the form says; None where that was not possible, and the form then says why."""
    try:
        return sheet.keep()
    except Invalid as problem:
        sheet.form.add_faults(problem.errors or {"": [problem.detail]})
    except Conflict as problem:
        if problem.code in INCOMPLETE_TEAM:
            sheet.form.add_error(None, f"{problem.detail} {problem.next_step}")
        elif problem.code == "draft_changed":
            sheet.clash(problem)
        else:
            raise
    return None


def _told_in_place(request: HttpRequest, sheet: application.Sheet, kept: Request | None) -> HttpResponse:
    """Say below the form that it saved itself, and show the draft's own address from then on."""
    context = {**sheet.context, "kept": kept, "now": sheet.now}
    answer = render(request, "web/components/saved.html", context)
    answer["X-Draft"] = "told"  # what htmx was led to, such as the sign-in page, has no such word
    return replace_url(answer, reverse("request_edit", args=[kept.pk])) if kept else answer


@private("GET")
def detail(request: HttpRequest, request_id: str) -> HttpResponse:
    context = request_page.page_of(reader(request), own(request, request_id), timezone.now())
    return render(request, "web/pages/request.html", context)


@private("GET", "POST")
def withdraw(request: HttpRequest, request_id: str) -> HttpResponse:
    mine, form = own(request, request_id), NothingForm()
    require(policies.may_withdraw(queries.request_case(reader(request), mine, timezone.now())))
    if request.method == "POST":
        actions.withdraw(request=mine, by=reader(request), now=timezone.now())
        messages.success(request, "Your request is withdrawn.")
        return redirect("request_detail", mine.pk)
    return _confirm(request, "request_withdraw", mine, form)


@private("GET", "POST")
def appeal(request: HttpRequest, request_id: str) -> HttpResponse:
    mine, form = own(request, request_id), AppealForm(posted(request))
    require(policies.may_appeal(queries.request_case(reader(request), mine, timezone.now())))
    if form.is_valid():
        try:
            actions.appeal(request=mine, by=reader(request), now=timezone.now(), **form.cleaned_data)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "Your appeal is sent. Other reviewers read it now.")
            return redirect("request_detail", mine.pk)
    return _confirm(request, "request_appeal", mine, form, reason=queries.decided_reason(mine))


@private("POST")
def nudge(request: HttpRequest, request_id: str) -> HttpResponse:
    mine = own(request, request_id)
    actions.nudge(request=mine, by=reader(request), now=timezone.now())
    messages.success(request, "You asked how it stands. Who has your request gets mail.")
    return redirect("request_detail", mine.pk)


def _confirm(request: HttpRequest, name: str, mine: Request, form: Any, **context: Any) -> HttpResponse:
    status = 400 if form.errors else 200
    return render(
        request, f"web/pages/{name}.html", {"the_request": mine, "form": form, **context}, status=status
    )
