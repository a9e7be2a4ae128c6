"""Who may still vote on a request, and whose votes count."""

from django.db.models import QuerySet

from licenses.models import ReleaseTerms, Request, Vote
from licenses.queries.colleagues import domains_asking, people_of_houses
from licenses.queries.parties import people_of
from portal.accounts.matrix import REQUEST_VOTE
from portal.accounts.models import User
from portal.accounts.staff import granted, people_who


def eligible_reviewers(request: Request) -> QuerySet[User]:
    """Return the reviewers who may vote on the request as far as the request itself says.

    The same rule as `policies.may_vote`, as a list: not the applicant nor one of the team, nor who ever took
    part in it; not a colleague of theirs where the terms bar them, after an appeal nobody who voted before
    it, and nobody who recused themselves. A test compares the two.
    """
    reviewers = people_who(REQUEST_VOTE).exclude(pk__in=people_of(request))
    reviewers = reviewers.exclude(pk__in=request.parties.filter(user__isnull=False).values("user"))
    barred = ReleaseTerms.objects.filter(release__requests=request, exclude_reviewer_organization=True)
    if houses := domains_asking(request) if barred.exists() else {}:
        reviewers = reviewers.exclude(pk__in=people_of_houses(houses))
    if request.appeal_version is not None:
        earlier = Vote.objects.filter(request=request, version__lt=request.appeal_version)
        reviewers = reviewers.exclude(pk__in=earlier.values("reviewer"))
    return reviewers.exclude(pk__in=request.recusals.values("reviewer"))


def votes_that_count() -> QuerySet[Vote]:
    """Return the votes that were not taken back, of people who are reviewers still. The others stay written
    where they are."""
    standing = Vote.objects.filter(superseded_at__isnull=True, reviewer__is_active=True)
    return standing.filter(reviewer__in=granted(REQUEST_VOTE))
