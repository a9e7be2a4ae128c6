"""The request's page, as its applicant reads it: where it stands, what comes next, what happened."""

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.forms import Form

from licenses import policies, queries, states
from licenses.actions import contents
from licenses.facts import RequestCase
from licenses.models import Request
from licenses.queries.waiting import renewable, wait_of
from portal.accounts.principals import Principal
from portal.core import times
from portal.web import answers as answer_sheet
from portal.web import deadlines, thread
from portal.web.deadlines import Deadline
from portal.web.holding import Holding, ended_at, holding_of
from portal.web.journey import Next, next_panel, progress
from portal.web.renewals import renewal_of
from portal.web.story import told
from portal.web.team import next_for, team_of

# What decides whether the page offers a step.
_STEPS: Final = {
    "request_edit": policies.may_edit,
    "request_withdraw": policies.may_withdraw,
    "request_sign": policies.may_sign,
    "request_appeal": policies.may_appeal,
}


def page_of(
    principal: Principal, request: Request, now: datetime, *, message: Form | None = None
) -> dict[str, Any]:
    """Context of the applicant's page of a request. message: a form of one that was filled wrongly."""
    case = queries.request_case(principal, request, now)
    held = list(queries.grants_of(principal).filter(request=request))
    holding = holding_of(held, now)
    said = contents.of(queries.version_of(request))
    return {
        **_waiting(case, request, now),
        "the_request": request,
        "deadline": _deadline(principal, request, now),
        "renewal": renewal_of(principal, request, now),
        "quiet_renewal": holding is not None and holding.state == states.SUSPENDED,
        "evidence": said.evidence,
        "summary_of_use": said.summary_of_use,
        "held": held,
        "progress": progress(request.state, holding),
        "next": next_for(case, request, bool(held)) or _next(principal, case, request, holding, now),
        "team": team_of(principal, request, now),
        "reason": queries.decided_reason(request) or (holding.reason if holding else ""),
        "answers": answer_sheet.latest(request),
        "thread": thread.of_applicant(principal, request, case, message),
        "timeline": told(queries.timeline(request, principal)),
    }


def _next(
    principal: Principal, case: RequestCase, request: Request, holding: Holding | None, now: datetime
) -> Next:
    release = holding.grant.release if holding is not None else request.releases.all()[0]
    closed = [page for page, may in _STEPS.items() if not may(case)]
    if not policies.may_draft(queries.facts(principal, release), now):
        closed.append("request_form")
    ended = ended_at(holding.grant, now) if holding is not None else None
    return next_panel(
        request.state,
        request.pk,
        release.slug,
        asked=request.state == states.SUBMITTED and request.asked_at is not None,
        closed=closed,
        holding=holding,
        target_days=settings.REVIEW_TARGET_DAYS,
        sign_days=settings.SIGN_WITHIN_DAYS,
        contact=settings.CONTACT_EMAIL,
        ended=times.moment(ended) if ended is not None else "",
    )


def _deadline(principal: Principal, request: Request, now: datetime) -> Deadline | None:
    """Of the request itself while it is under way, then of what it gave the reader."""
    held = renewable(principal.user, request)
    return deadlines.of_request(request, now) or deadlines.first(
        deadlines.of_grant(grant, now) for grant in held
    )


def _waiting(case: RequestCase, request: Request, now: datetime) -> dict[str, Any]:
    """Whether the applicant may ask how it stands, or from when."""
    wait = wait_of(request)
    runs = case.mine and request.state == states.SUBMITTED and wait.asked_at is None
    may = bool(policies.may_nudge(case, wait, now))
    return {
        "nudge_open": may,
        "nudge_from": wait.free_at if runs and not may else None,
        "nudged": wait.nudged,
        "review_target_days": settings.REVIEW_TARGET_DAYS,
    }
