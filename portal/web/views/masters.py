"""Master agreements: staff propose and keep them, a signatory reads and signs one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, policies, queries
from licenses.actions.moving import require
from licenses.models import MasterAgreement
from portal.core.problems import Conflict, Invalid
from portal.web import license_desk as desk
from portal.web.forms.masters import MasterFilterForm, MasterForm, MemberForm, ReasonForm
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.requests import SignForm
from portal.web.reader import person, reader
from portal.web.views.doors import found, posted, private, prove, proven

PER_PAGE = 50


@private("GET")
def index(request: HttpRequest) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    desk.enter_masters(principal)
    form = MasterFilterForm(request.GET)
    wanted = queries.masters_wanted(principal, now, **form.filters)
    page = Paginator(wanted, PER_PAGE).get_page(request.GET.get("page"))
    rows = [(master, desk.master_tone(master, now)) for master in page]
    context = {"page": page, "rows": rows, "form": form, "filtered": bool(form.filters), "query": form.query}
    return render(request, "web/pages/masters.html", context)


@private("GET", "POST")
@proven
def new(request: HttpRequest) -> HttpResponse:
    principal = reader(request)
    desk.keep_masters(principal)
    form = MasterForm(
        posted(request), organizations=queries.organizations(), versions=queries.versions_to_sign()
    )
    if form.is_valid():
        prove(request)
        try:
            master = actions.propose_master(by=principal, now=timezone.now(), **form.proposed)
        except Invalid as problem:
            problem.errors = {("ends_on" if k == "ends_at" else k): v for k, v in problem.errors.items()}
            add_problem(form, problem)
        else:
            messages.success(request, "The agreement is proposed. Its signatory gets mail.")
            return redirect("master_kept", master.pk)
    return render(request, "web/pages/master_new.html", {"form": form}, status=400 if form.errors else 200)


@private("GET", "POST")
@proven
def detail(request: HttpRequest, master_id: str) -> HttpResponse:
    """One agreement for staff; a POST names somebody in it."""
    principal = reader(request)
    master = desk.master(principal, master_id)
    if request.method == "POST":
        desk.keep_masters(principal)
    form = MemberForm(posted(request))
    if form.is_valid():
        prove(request)
        try:
            actions.name_member(master=master, by=principal, now=timezone.now(), **form.cleaned_data)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "They are named in the agreement.")
            return redirect("master_kept", master.pk)
    return render(
        request, "web/pages/master_kept.html", _page_of(master, form), status=400 if form.errors else 200
    )


def _page_of(master: MasterAgreement, form: MemberForm) -> dict[str, object]:
    now = timezone.now()
    return {
        "master": master,
        "state": desk.master_tone(master, now),
        "members": queries.members_of(master),
        "license": master.license_version,
        "form": form,
        "timeline": desk.master_story(master),
    }


@private("GET", "POST")
@proven
def member_remove(request: HttpRequest, master_id: str, member_id: str) -> HttpResponse:
    principal = reader(request)
    master = desk.master(principal, master_id)
    desk.keep_masters(principal)
    member = found({str(each.pk): each for each in queries.members_of(master)}.get(member_id))
    form = ReasonForm(posted(request))
    if form.is_valid():
        prove(request)
        try:
            actions.remove_member(member=member, by=principal, now=timezone.now(), **form.cleaned_data)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "They are taken out of the agreement.")
            return redirect("master_kept", master.pk)
    context = {"master": master, "member": member, "form": form}
    return render(request, "web/pages/master_member.html", context, status=400 if form.errors else 200)


@private("GET", "POST")
@proven
def end(request: HttpRequest, master_id: str) -> HttpResponse:
    principal, now = reader(request), timezone.now()
    master = desk.master(principal, master_id)
    desk.keep_masters(principal)
    form = ReasonForm(posted(request))
    if form.is_valid():
        prove(request)
        try:
            actions.end_master(master=master, by=principal, now=now, **form.cleaned_data)
        except Invalid as problem:
            add_problem(form, problem)
        except Conflict as problem:
            form.add_error(None, f"{problem.detail} {problem.next_step}")
        else:
            messages.success(request, "The agreement has ended, and its signatory is told.")
            return redirect("master_kept", master.pk)
    context = {"master": master, "form": form, "state": desk.master_tone(master, now)}
    return render(request, "web/pages/master_end.html", context, status=400 if form.errors else 200)


@private("GET", "POST")
@proven
def sign(request: HttpRequest, master_id: str) -> HttpResponse:
    """The agreement for whoever is asked to sign it; signed or ended, it is there to be read."""
    principal, now = reader(request), timezone.now()
    master = queries.master_to_sign(principal, master_id, now)
    verdict = policies.may_sign_master(queries.master_case(principal, master, now))
    if request.method == "POST":
        require(verdict)
    license = master.license_version
    form = SignForm(posted(request), initial={"license_sha256": license.sha256}, signer=person(request))
    if form.is_valid():
        prove(request)
        try:
            actions.sign_master(
                master=master,
                typed_name=form.cleaned_data["typed_name"],
                license_sha256=form.cleaned_data["license_sha256"],
                by=principal,
                now=now,
            )
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "The agreement is signed.")
            return redirect("master_sign", master.pk)
    context = {
        "master": master,
        "state": desk.master_tone(master, now),
        "open": bool(verdict),
        "refusal": verdict,
        "members": queries.members_of(master),
        "license": license,
        "form": form,
    }
    return render(request, "web/pages/master_sign.html", context, status=400 if form.errors else 200)
