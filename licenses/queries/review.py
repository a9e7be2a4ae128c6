"""All that the review page of one request shows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from licenses import policies, questionnaire
from licenses.models import Decision, LicenseVersion, Request, RequestVersion, Vote
from licenses.queries.facts import license_in_force, request_case, terms_of
from licenses.queries.lists import request_for
from portal.accounts.principals import Principal
from portal.core.problems import NotFound
from portal.core.verdicts import Verdict


@dataclass(frozen=True)
class Review:
    """What the review page of a request shows.

    current, previous: the version under review and the last one that was submitted before it, if any.
    changes: answers that differ between the two. votes: every one, newest first; `counting` are those that
    count now. may_approve, may_vote: the policy's answer to this reader, for an approval and for the rest.
    earlier: other submitted requests of the same person; colleagues: of others at their organization.
    """

    request: Request
    current: RequestVersion
    previous: RequestVersion | None
    changes: list[dict[str, Any]]
    votes: list[Vote]
    counting: list[Vote]
    decisions: list[Decision]
    license_in_force: LicenseVersion | None
    may_approve: Verdict
    may_vote: Verdict
    earlier: list[Request]
    colleagues: list[Request]


def review(principal: Principal, id: str, now: datetime) -> Review:
    """Return the request for its review page.

    Raises: NotFound: there is none, or the reader may not review it; their own they read on its own page.
    """
    request = request_for(principal, id, now)
    case = request_case(principal, request, now)
    if not policies.may_review_request(case):
        raise NotFound()
    versions = list(request.versions.filter(submitted_at__isnull=False).order_by("-number"))
    current, previous = versions[0], versions[1] if len(versions) > 1 else None
    changes = (
        questionnaire.difference(current.questions, previous.answers, current.answers) if previous else []
    )
    votes = list(request.votes.select_related("reviewer").order_by("-at", "-pk"))
    return Review(
        request=request,
        current=current,
        previous=previous,
        changes=changes,
        votes=votes,
        counting=[vote for vote in votes if vote.superseded_at is None and vote.version == request.version],
        decisions=list(request.decisions.order_by("at")),
        license_in_force=license_in_force(terms_of(request).license, now, request.organization_id),
        may_approve=policies.may_vote(case, "approve"),
        may_vote=policies.may_vote(case, "reject"),
        earlier=_history(request, Q(applicant=request.applicant_id)),
        colleagues=_colleagues(request),
    )


HISTORY_ROWS = 20


def _history(request: Request, whose: Q) -> list[Request]:
    rows = Request.objects.filter(whose, submitted_at__isnull=False).exclude(pk=request.pk)
    joined = rows.select_related("applicant").prefetch_related("releases")
    return list(joined.order_by("-submitted_at")[:HISTORY_ROWS])


def _colleagues(request: Request) -> list[Request]:
    organization = request.applicant.organization_id
    if organization is None:
        return []
    others = Q(applicant__organization=organization) & ~Q(applicant=request.applicant_id)
    return _history(request, others)


def version_of(request: Request) -> RequestVersion:
    """Return the version that the request is at."""
    return RequestVersion.objects.select_related("license_version__license").get(
        request=request, number=request.version
    )
