"""The reasons that staff keep ready: list, write, change, archive."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, queries
from licenses.models import ReasonTemplate
from portal.core.problems import Invalid
from portal.web import desk
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.reasons import ReasonForm
from portal.web.forms.requests import NothingForm
from portal.web.reader import reader
from portal.web.views.doors import found, posted, private


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    desk.enter(reader(request))
    every = list(queries.reasons(reader(request)))
    kept = [each for each in every if each.archived_at is None]
    archived = [each for each in every if each.archived_at is not None]
    return render(request, "web/pages/reasons.html", {"reasons": kept, "archived": archived})


@private("GET", "POST")
def new(request: HttpRequest) -> HttpResponse:
    desk.keep(reader(request))
    return _fill(request, None, ReasonForm(posted(request)))


@private("GET", "POST")
def change(request: HttpRequest, reason_id: str) -> HttpResponse:
    kept = _kept(request, reason_id)
    initial = {"verdict": kept.verdict, "title": kept.title, "text": kept.text}
    return _fill(request, kept, ReasonForm(posted(request), initial=initial))


@private("GET", "POST")
def archive(request: HttpRequest, reason_id: str) -> HttpResponse:
    kept = _kept(request, reason_id)
    if request.method == "POST":
        actions.archive_reason(template=kept, by=reader(request), now=timezone.now())
        messages.success(request, f"“{kept.title}” is archived.")
        return redirect("reasons")
    return render(request, "web/pages/reason_archive.html", {"reason": kept, "form": NothingForm()})


@private("POST")
def shipped(request: HttpRequest) -> HttpResponse:
    """Take over the reasons that come with the portal."""
    desk.keep(reader(request))
    kept = actions.keep_shipped_reasons(by=reader(request), now=timezone.now())
    messages.success(request, f"{len(kept)} reasons are kept ready now. Change them as you like.")
    return redirect("reasons")


def _kept(request: HttpRequest, reason_id: str) -> ReasonTemplate:
    desk.keep(reader(request))
    return found(queries.reason_for(reader(request), reason_id))


def _fill(request: HttpRequest, kept: ReasonTemplate | None, form: ReasonForm) -> HttpResponse:
    if form.is_valid():
        try:
            actions.keep_reason(template=kept, by=reader(request), now=timezone.now(), **form.cleaned_data)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "The reason is kept ready.")
            return redirect("reasons")
    status = 400 if form.errors else 200
    return render(request, "web/pages/reason.html", {"reason": kept, "form": form}, status=status)
