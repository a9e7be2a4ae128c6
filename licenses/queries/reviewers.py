"""Who may still vote on a request."""

from django.db.models import QuerySet

from licenses.models import ReleaseTerms, Request, Vote
from portal.accounts.models import User
from portal.accounts.roles import REVIEWER


def eligible_reviewers(request: Request) -> QuerySet[User]:
    """Return the reviewers who may vote on the request as far as the request itself says.

    The same rule as `policies.may_vote`, as a list: not the applicant, not a colleague where the terms bar
    them, and after an appeal nobody who voted before it. A test compares the two.
    """
    reviewers = User.objects.filter(is_active=True, role_grants__role=REVIEWER).exclude(
        pk=request.applicant_id
    )
    organization = request.applicant.organization_id
    barred = ReleaseTerms.objects.filter(release__requests=request, exclude_reviewer_organization=True)
    if organization is not None and barred.exists():
        reviewers = reviewers.exclude(organization=organization)
    if request.appeal_version is not None:
        earlier = Vote.objects.filter(request=request, version__lt=request.appeal_version)
        reviewers = reviewers.exclude(pk__in=earlier.values("reviewer"))
    return reviewers
