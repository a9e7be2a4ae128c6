"""Many requests in review, made by rows where the actions would take too long."""

from allauth.account.models import EmailAddress

from licenses import states
from licenses.models import Request, RequestVersion
from licenses.models.requests import RequestedRelease
from portal.accounts.models import User
from portal.accounts.principals import Principal
from tests.unit.licenses.world import ANSWERS, NOW, QUESTIONS, World, license_of, session


def applicants(count: int) -> list[User]:
    users = User.objects.bulk_create(
        User(email=f"p{number}@example.org", full_name="Ada Example", country="CH") for number in range(count)
    )
    EmailAddress.objects.bulk_create(
        EmailAddress(user=user, email=user.email, verified=True, primary=True) for user in users
    )
    return users


def submitted(world: World, users: list[User]) -> list[Request]:
    """One request in review for each person, under the newest license text, with the world's quorum."""
    license, quorum = license_of(world.release), world.release.terms.quorum
    dates = {"created_at": NOW, "submitted_at": NOW}
    requests = Request.objects.bulk_create(
        Request(
            applicant=user,
            state=states.SUBMITTED,
            license_version=license,
            quorum=quorum,
            grant_days=365,
            updated_at=NOW,
            **dates,
        )
        for user in users
    )
    RequestedRelease.objects.bulk_create(
        RequestedRelease(request=request, release=world.release, applicant=request.applicant)
        for request in requests
    )
    RequestVersion.objects.bulk_create(
        RequestVersion(
            request=request,
            number=1,
            answers=ANSWERS,
            questions=QUESTIONS,
            license_version=license,
            license_sha256=license.sha256,
            **dates,
        )
        for request in requests
    )
    return requests


def applicant_of(request: Request) -> Principal:
    return session(request.applicant)
