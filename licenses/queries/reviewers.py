"""Who may still vote on a request."""

from django.db.models import QuerySet

from licenses.models import ReleaseTerms, Request, Vote
from licenses.queries.parties import organizations_of, people_of
from portal.accounts.models import User
from portal.accounts.roles import REVIEWER


def eligible_reviewers(request: Request) -> QuerySet[User]:
    """Return the reviewers who may vote on the request as far as the request itself says.

    The same rule as `policies.may_vote`, as a list: not the applicant nor one of the team, not a colleague
    of theirs where the terms bar them, after an appeal nobody who voted before it, and nobody who recused
    themselves. A test compares the two.
    """
    reviewers = User.objects.filter(is_active=True, role_grants__role=REVIEWER).exclude(
        pk__in=people_of(request)
    )
    barred = ReleaseTerms.objects.filter(release__requests=request, exclude_reviewer_organization=True)
    if organizations := organizations_of(request) if barred.exists() else set():
        # NULL is in no list and out of none: who names no organization is nobody's colleague.
        reviewers = reviewers.exclude(organization__isnull=False, organization__in=organizations)
    if request.appeal_version is not None:
        earlier = Vote.objects.filter(request=request, version__lt=request.appeal_version)
        reviewers = reviewers.exclude(pk__in=earlier.values("reviewer"))
    return reviewers.exclude(pk__in=request.recusals.values("reviewer"))
