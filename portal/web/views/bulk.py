"""One verdict on many requests: what it would do to each, then what it did."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from licenses import actions, queries
from licenses.actions import Ballot, Outcome, balloting
from licenses.models import ReasonTemplate
from licenses.tally import WORDS
from portal.accounts import factors
from portal.web import casting, desk, queue, review_page
from portal.web.forms.queue import BulkVerdictForm, ChosenForm
from portal.web.reader import reader
from portal.web.views.doors import private

_SESSION: Final = "bulk_outcomes"


@private("POST")
def choose(request: HttpRequest) -> HttpResponse:
    """List what was selected, with what each verdict would make of it."""
    desk.vote(reader(request))
    ids = ChosenForm(request.POST).ids
    if not ids or len(ids) > actions.MAX_VOTES:
        messages.warning(request, f"Select between 1 and {actions.MAX_VOTES} requests first.")
        return redirect("queue")
    return _list(request, ids, BulkVerdictForm(reasons=_reasons(request)))


@private("POST")
@casting.signed_or_proven
def vote(request: HttpRequest) -> HttpResponse:
    """Give the verdict on each of the versions that were listed. "fill" puts a kept reason in, no more."""
    principal, now = reader(request), timezone.now()
    reasons = _reasons(request)
    form = BulkVerdictForm(request.POST, reasons=reasons)
    desk.vote(principal)
    if "fill" in request.POST:
        kept = queries.reason_for(principal, request.POST.get("kept", ""))
        filled = BulkVerdictForm(reasons=reasons, initial=review_page.with_reason(request.POST, kept))
        return _list(request, list(form.ballots), filled)
    if len(form.ballots) > actions.MAX_VOTES:
        messages.warning(request, f"At most {actions.MAX_VOTES} requests can be decided at once.")
        return redirect("queue")
    if not form.is_valid():
        return _list(request, list(form.ballots), form)
    if factors.votes_are_signed() and not casting.is_signed(request):
        return _to_sign(request, form)
    signed = casting.prove_unless_signed(request)
    rows = queue.chosen(principal, list(form.ballots), now)
    ballots = [Ballot(row, form.ballots[row.pk], **form.said) for row in rows]
    outcomes = actions.vote_many(votes=ballots, by=principal, now=now, signed=signed)
    casting.note(request, signed, now)
    # Kept for the page that comes after, so that loading it again casts nothing again.
    request.session[_SESSION] = [_kept(outcome) for outcome in outcomes]
    return redirect("bulk_done")


def _to_sign(request: HttpRequest, form: BulkVerdictForm) -> HttpResponse:
    """What exactly is cast on which requests, and the question for the passkey."""
    said, reviewer = form.said, reader(request).person
    listed = queries.prospects(reader(request), list(form.ballots), timezone.now())
    cast = [
        (prospect, prospect.becomes[said["verdict"]])
        for prospect in listed
        if said["verdict"] in prospect.becomes
        and prospect.version.number == form.ballots[prospect.request.pk]
    ]
    if not cast:
        messages.warning(request, "None of these can have this verdict now.")
        return _list(request, list(form.ballots), form)
    requests = [prospect.request for prospect, _ in cast]
    leaves = balloting.prepared(requests, said["verdict"], said["reason"], reviewer)
    context = {
        "cast": cast,
        "left_out": len(form.ballots) - len(cast),
        "said": said,
        "verdict_label": WORDS[said["verdict"]],
    }
    return casting.ask(request, "web/pages/bulk_cast.html", context, leaves)


@private("GET")
def done(request: HttpRequest) -> HttpResponse:
    """What became of each of the last verdicts given together."""
    principal = reader(request)
    kept: list[dict[str, str]] = request.session.get(_SESSION, [])
    rows = {row.pk: row for row in queue.chosen(principal, [each["id"] for each in kept], timezone.now())}
    told = [{"request": rows[each["id"]], **each} for each in kept if each["id"] in rows]
    context = {
        "refused": [each for each in told if each["code"]],
        "cast": [each for each in told if not each["code"]],
    }
    return render(request, "web/pages/bulk_done.html", context)


def _reasons(request: HttpRequest) -> list[ReasonTemplate]:
    return list(queries.reasons(reader(request)).filter(archived_at__isnull=True))


def _list(request: HttpRequest, ids: list[str], form: BulkVerdictForm) -> HttpResponse:
    listed = queries.prospects(reader(request), ids, timezone.now())
    context: dict[str, Any] = {
        "form": form,
        "prospects": listed,
        "possible": any(prospect.becomes for prospect in listed),
    }
    return render(request, "web/pages/bulk.html", context, status=400 if form.errors else 200)


def _kept(outcome: Outcome) -> dict[str, str]:
    problem = outcome.problem
    return {
        "id": outcome.request.pk,
        "state": outcome.request.state,
        "code": problem.code if problem else "",
        "why": f"{problem.detail} {problem.next_step}".strip() if problem else "",
    }
