"""A reviewer steps back from a request, for good."""

from datetime import datetime

from django.db import transaction

from licenses import policies, queries, texts
from licenses.actions.moving import lock_request, require, who
from licenses.actions.voting import recount
from licenses.models import Recusal, Request, Vote
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import Invalid


def recuse(*, request: Request, reason: str, by: Principal, now: datetime) -> Request:
    """Take the reviewer out of this request, and return it as it stands after that. It cannot be undone.

    Their verdict on the current version counts no more; where the others' now carry, that decides it. Nobody
    has the request on their desk where they had it. reason: for staff alone.
    Raises: NotPermitted (also where they recused themselves before). Invalid: no reason.
    """
    said, wrong = texts.clean(reason, multiline=True)
    if wrong or not said:
        raise Invalid(
            "reason_missing",
            "You still take part.",
            errors={"reason": [wrong or "Say why in a few words: staff read it."]},
        )
    with transaction.atomic():
        request = lock_request(request, by)
        require(policies.may_recuse(queries.request_case(by, request, now)))
        reviewer = who(by)
        Recusal.objects.create(request=request, reviewer=reviewer, reason=said, at=now)
        if request.assignee_id == reviewer.pk:
            Request.objects.filter(pk=request.pk).update(assignee=None, assigned_at=None)
            request.assignee, request.assigned_at = None, None
        audit.record(
            "request.recused", by=by.actor, subject=f"request:{request.pk}", now=now, version=request.version
        )
        if _take_back_vote(request, by, now):
            recount(request, now)
    return request


def _take_back_vote(request: Request, by: Principal, now: datetime) -> bool:
    mine = Vote.objects.filter(
        request=request, version=request.version, reviewer=who(by), superseded_at__isnull=True
    )
    in_review = request.state == Request.State.SUBMITTED
    return in_review and bool(mine.update(superseded_at=now))
