"""The reviewers' queue: what is in it, the next request, who has what, and the views that are kept."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from licenses import actions, queries
from portal.core.problems import Invalid, Problem
from portal.web import desk, queue
from portal.web.forms.queue import ChosenForm, ViewForm
from portal.web.reader import reader
from portal.web.views.doors import private

TOLD = 3  # refusals that are told one by one


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    context = queue.page_of(reader(request), request.GET, timezone.now())
    return render(request, "web/pages/queue.html", context)


@private("POST")
def next_request(request: HttpRequest) -> HttpResponse:
    """Take the next request that nobody has, and open it."""
    taken = actions.pick_next(by=reader(request), now=timezone.now())
    if taken is not None:
        return redirect("review", taken.pk)
    messages.info(request, "Nothing is left that nobody has and that waits for your vote.")
    return redirect("queue")


@private("POST")
def assign(request: HttpRequest) -> HttpResponse:
    """Put the selected requests on a desk: the reader's, a colleague's, or nobody's."""
    principal, now = reader(request), timezone.now()
    desk.keep(principal)
    rows = queue.chosen(principal, ChosenForm(request.POST).ids, now)
    wish = request.POST.get("do", "")
    people = {person.public_id: person for person in queries.desk_people(now)}
    colleague = people.get(request.POST.get("to", ""))
    to = {"take": principal.user, "give": colleague}.get(wish)
    if not rows or (wish == "give" and to is None) or wish not in ("take", "give", "free"):
        messages.warning(request, "Select requests first, and for a colleague also whom.")
        return _back(request)
    refused: list[str] = []
    for row in rows:
        try:
            actions.assign(request=row, to=to, by=principal, now=now)
        except Problem as problem:
            refused.append(f"{row.applicant}: {problem.detail}")
    _tell(request, len(rows) - len(refused), refused, f"on the desk of {to}" if to else "on nobody's desk")
    return _back(request)


def _tell(request: HttpRequest, done: int, refused: list[str], where: str) -> None:
    if done:
        what = "1 request is" if done == 1 else f"{done} requests are"
        messages.success(request, f"{what} {where}.")
    for reason in refused[:TOLD]:
        messages.warning(request, reason)
    if len(refused) > TOLD:
        messages.warning(request, f"{len(refused) - TOLD} more could not be given either.")


@private("POST")
def save_view(request: HttpRequest) -> HttpResponse:
    principal, form = reader(request), ViewForm(request.POST)
    desk.keep(principal)
    query = request.POST.get("query", "")[:2_000]
    try:
        if not form.is_valid():
            raise Invalid("view_invalid", errors={"name": ["Give it a name of at most 80 characters."]})
        actions.save_view(by=principal, now=timezone.now(), **form.cleaned_data)
    except Invalid as problem:
        messages.error(request, " ".join(problem.errors.get("name", [problem.detail])))
    else:
        messages.success(request, "The view is kept.")
    return HttpResponseRedirect(f"{reverse('queue')}?{query}")


@private("POST")
def remove_view(request: HttpRequest, view_id: str) -> HttpResponse:
    principal = reader(request)
    desk.keep(principal)
    view = queries.saved_view_for(principal, view_id)
    actions.remove_view(view=view, by=principal, now=timezone.now())
    messages.success(request, "The view is forgotten.")
    return redirect("queue")


def _back(request: HttpRequest) -> HttpResponse:
    """To the page that sent the form, or to the queue."""
    page = request.POST.get("next", "")
    here = page.startswith("/review/") and url_has_allowed_host_and_scheme(page, allowed_hosts=None)
    return HttpResponseRedirect(page if here and page.isprintable() else reverse("queue"))
