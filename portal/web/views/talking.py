"""What is said about a request: messages of both sides, notes of staff."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from licenses import actions
from portal.core.problems import Invalid
from portal.web import desk, request_page, thread
from portal.web.forms.messages import NoteForm
from portal.web.forms.questionnaire import add_problem
from portal.web.reader import reader
from portal.web.review_page import Forms, reviewed
from portal.web.views.doors import private
from portal.web.views.requests import own
from portal.web.views.review import show


@private("POST")
def say(request: HttpRequest, request_id: str) -> HttpResponse:
    """A message, or the answer to a question, of whoever asks for the weights."""
    mine, principal, now = own(request, request_id), reader(request), timezone.now()
    form = thread.form_for(mine, request.POST)
    if form.is_valid():
        try:
            actions.say(request=mine, by=principal, now=now, **form.cleaned_data)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "Your message is sent. The reviewers get it by mail.")
            return _back("request_detail", mine.pk, "messages")
    context = {**request_page.page_of(principal, mine, now, message=form), "form": form}
    return render(request, "web/pages/request.html", context, status=400)


@private("POST")
def staff_say(request: HttpRequest, request_id: str) -> HttpResponse:
    """A message of staff, or a question that the request then waits for."""
    principal, now = reader(request), timezone.now()
    spoken_of, case = reviewed(principal, request_id, now)
    desk.talk(principal)
    form = thread.staff_form(case, request.POST)
    if form.is_valid():
        asks = form.cleaned_data.pop("asks", False)
        act = actions.ask if asks else actions.say
        try:
            act(request=spoken_of, by=principal, now=now, **form.cleaned_data)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            what = (
                "Your question is sent; the request waits for the answer."
                if asks
                else "Your message is sent."
            )
            messages.success(request, f"{what} The applicant gets it by mail.")
            return _back("review", request_id, "messages")
    return show(request, request_id, Forms(message=form))


@private("POST")
def note(request: HttpRequest, request_id: str) -> HttpResponse:
    """A note that staff alone read."""
    principal, now, form = reader(request), timezone.now(), NoteForm(request.POST, auto_id="note_%s")
    spoken_of, _ = reviewed(principal, request_id, now)
    desk.talk(principal)
    if form.is_valid():
        try:
            actions.note(request=spoken_of, by=principal, now=now, **form.cleaned_data)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "Your note is kept. Only staff read it.")
            return _back("review", request_id, "notes")
    return show(request, request_id, Forms(note=form))


def _back(page: str, request_id: str, place: str) -> HttpResponse:
    return redirect(f"{reverse(page, args=[request_id])}#{place}")
