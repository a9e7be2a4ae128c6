"""One request on one screen, and the verdict on it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, policies, queries
from licenses.actions import balloting, voting
from licenses.actions.moving import require
from licenses.facts import RequestCase
from licenses.models import Request
from licenses.queries.parties import signatory_of
from licenses.tally import WORDS
from portal.accounts import factors
from portal.core.problems import Invalid
from portal.core.verdicts import Denied
from portal.web import casting, desk, review_page
from portal.web.forms.questionnaire import add_problem
from portal.web.forms.team import SignatoryForm
from portal.web.forms.verdict import RecusalForm, VerdictForm
from portal.web.reader import reader
from portal.web.review_page import Forms, reviewed
from portal.web.views.doors import posted, private, prove, proven

NOTHING = Forms()


@private("GET")
def detail(request: HttpRequest, request_id: str) -> HttpResponse:
    return show(request, request_id)


@private("POST")
@casting.signed_or_proven
def vote(request: HttpRequest, request_id: str) -> HttpResponse:
    """A verdict. It is shown once more where a passkey must sign it, or where it declines, and then given."""
    principal, now, form = reader(request), timezone.now(), VerdictForm(request.POST)
    voted_on, case = reviewed(principal, request_id, now)
    desk.vote(principal)
    if not form.is_valid():
        return show(request, request_id, Forms(sent=request.POST))
    require(policies.may_vote(case, form.cleaned_data["verdict"]))
    if factors.votes_are_signed() and not casting.is_signed(request):
        return _to_sign(request, voted_on, case, form)
    if form.needs_confirmation and not casting.is_signed(request):
        given = {"the_request": voted_on, "said": form.said}
        return render(request, "web/pages/review_decline.html", given)
    signed = casting.prove_unless_signed(request)
    try:
        voted_on = actions.vote(request=voted_on, by=principal, now=now, signed=signed, **form.said)
    except Invalid as problem:
        return show(request, request_id, Forms(sent=request.POST, problem=problem))
    casting.note(request, signed, now)
    messages.success(request, review_page.told_after(voted_on))
    return redirect("review", request_id)


def _to_sign(request: HttpRequest, voted_on: Request, case: RequestCase, form: VerdictForm) -> HttpResponse:
    """What exactly is cast, and the question for the passkey: of the version that was read, or none."""
    said = form.said
    voting.require_open(case, voted_on, said["version"], said["verdict"], timezone.now())
    leaves = balloting.prepared([voted_on], said["verdict"], said["reason"], reader(request).person)
    given = {"the_request": voted_on, "said": said, "verdict_label": WORDS[said["verdict"]]}
    return casting.ask(request, "web/pages/review_cast.html", given, leaves)


@private("POST")
def reason(request: HttpRequest, request_id: str) -> HttpResponse:
    """Put a reason that is kept ready into the form; nothing is given yet."""
    desk.vote(reader(request))
    kept = queries.reason_for(reader(request), request.POST.get("kept", ""))
    return show(request, request_id, Forms(filled=review_page.with_reason(request.POST, kept)))


# A recusal takes a vote back, and the others' may then carry: it is asked for as a verdict is.
@private("GET", "POST")
@proven
def recuse(request: HttpRequest, request_id: str) -> HttpResponse:
    principal, now, form = reader(request), timezone.now(), RecusalForm(posted(request))
    left, case = reviewed(principal, request_id, now)
    require(policies.may_recuse(case))
    if form.is_valid():
        prove(request)
        try:
            actions.recuse(request=left, by=principal, now=now, **form.cleaned_data)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, "You take no part in this request any more.")
            return redirect("review", request_id)
    status = 400 if form.errors else 200
    return render(request, "web/pages/review_recuse.html", {"the_request": left, "form": form}, status=status)


# Who is named here may sign for an institution: it is asked for as a verdict is.
@private("GET", "POST")
@proven
def signatory(request: HttpRequest, request_id: str) -> HttpResponse:
    """Name who signs for the institution, after the decision."""
    principal, now, form = reader(request), timezone.now(), SignatoryForm(posted(request))
    decided, case = reviewed(principal, request_id, now)
    desk.talk(principal)
    verdict = policies.may_name_signatory(case)
    if isinstance(verdict, Denied):
        messages.warning(request, verdict.message)
        return redirect("review", request_id)
    if form.is_valid():
        prove(request)
        try:
            party = actions.name_signatory(request=decided, by=principal, now=now, **form.cleaned_data)
        except Invalid as problem:
            add_problem(form, problem)
        else:
            messages.success(request, f"{party.full_name} is asked by mail to sign for the institution.")
            return redirect("review", request_id)
    status = 400 if form.errors else 200
    context = {"the_request": decided, "form": form, "unsigned": signatory_of(decided)}
    return render(request, "web/pages/review_signatory.html", context, status=status)


def show(request: HttpRequest, request_id: str, forms: Forms = NOTHING) -> HttpResponse:
    """The review page; a form that was filled wrongly is shown as it was sent."""
    principal, now = reader(request), timezone.now()
    desk.enter(principal)
    found = queries.review(principal, request_id, now)
    context = review_page.page_of(principal, found, request.GET, forms)
    return render(request, "web/pages/review.html", context, status=400 if forms.wrong else 200)
