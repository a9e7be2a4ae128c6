"""The reviewers' queue, one request on one screen, and the verdict on it."""

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions
from portal.core.problems import Invalid
from portal.web import desk
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.review import QueueFilterForm, VerdictForm
from portal.web.reader import reader
from portal.web.views.doors import private

PER_PAGE = 50


@private("GET")
def queue(request: HttpRequest) -> HttpResponse:
    form = QueueFilterForm(request.GET)
    waiting = desk.queue(reader(request), form.wanted)
    context = {
        "form": form,
        "filtered": bool(form.filters),
        "query": form.query,
        "page": Paginator(waiting, PER_PAGE).get_page(request.GET.get("page")),
        "review_target_days": settings.REVIEW_TARGET_DAYS,
    }
    return render(request, "web/pages/queue.html", context)


@private("GET")
def detail(request: HttpRequest, request_id: str) -> HttpResponse:
    return _show(request, request_id)


@private("POST")
@reauthentication_required
def vote(request: HttpRequest, request_id: str) -> HttpResponse:
    principal, now, form = reader(request), timezone.now(), VerdictForm(request.POST)
    found = desk.review(principal, request_id, now)
    if not form.is_valid():
        return _show(request, request_id, form)
    try:
        actions.vote(request=found.request, by=principal, now=now, **form.cleaned_data)
    except Invalid as problem:
        add_problem(form, problem)
        return _show(request, request_id, form)
    messages.success(request, "Your verdict is recorded.")
    return redirect("review", request_id)


def _show(request: HttpRequest, request_id: str, form: VerdictForm | None = None) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    found = desk.review(principal, request_id, now)
    fresh = VerdictForm(initial={"version": found.request.version})
    context = {**desk.page_of(principal, found), "form": form or fresh}
    return render(request, "web/pages/review.html", context, status=400 if form else 200)
