"""People, for administrators and auditors: the list, and one person with what can be done."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.accounts import directory
from portal.core.problems import Conflict, Invalid
from portal.web import people_desk
from portal.web.forms.people import PeopleFilterForm, PersonForm
from portal.web.forms.questionnaire import add_problem
from portal.web.reader import reader
from portal.web.views.doors import posted, private, prove, proven

PER_PAGE = 50


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    principal = reader(request)
    people_desk.enter(principal)
    form = PeopleFilterForm(request.GET)
    found = directory.people(principal, form.wanted)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "filtered": bool(form.filters),
        "query": form.query,
        "page": page,
        "rows": [(person, people_desk.state_of(person)) for person in page],
    }
    return render(request, "web/pages/people.html", context)


@private("GET", "POST")
@proven
def detail(request: HttpRequest, user_id: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    people_desk.enter(principal)
    if request.method == "POST":
        people_desk.manage(principal)
    person = directory.person_for(principal, user_id)
    form = PersonForm(posted(request), verbs=people_desk.verbs(principal, person))
    if form.is_valid():
        prove(request)
        verb, reason = form.cleaned_data["verb"], form.cleaned_data["reason"]
        try:
            said, change = people_desk.act(verb, person, reason, principal, now)
        except Invalid as problem:
            add_problem(form, problem)
        except Conflict as problem:
            form.add_error(None, f"{problem.detail} {problem.next_step}")
        else:
            messages.success(request, said)
            return redirect("change", change.pk) if change else redirect("person", person.public_id)
    context = {**people_desk.page_of(person, now), "form": form}
    return render(request, "web/pages/person.html", context, status=400 if form.errors else 200)
