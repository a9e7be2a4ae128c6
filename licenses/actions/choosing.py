"""Which releases of a model one request is for."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from licenses import policies, queries
from licenses.actions.moving import lock_request, move_request, require
from licenses.models import ReleaseTerms, Request
from licenses.models.requests import RequestedRelease
from licenses.queries.siblings import go_together
from portal.accounts.principals import Principal
from portal.core.problems import Conflict, Invalid
from weights_vault.models import Release


def choose_releases(
    *, request: Request, releases: Sequence[Release], by: Principal, now: datetime
) -> Request:
    """Let the request be for just these releases, before it is sent or while changes are asked for.

    Raises: NotPermitted: by the rule of access too, for a release that is added. Conflict(state_changed,
        request_open, grant_live). Invalid(errors by "releases"): none, or they do not go together.
    """
    with transaction.atomic():
        request = lock_request(request, by)
        require(policies.may_choose_releases(queries.request_case(by, request, now)))
        asked, wanted = set(request.releases.all()), set(releases)
        if asked == wanted:
            return request
        require_together(list(releases))
        require_open(by, sorted(wanted - asked, key=lambda each: each.slug), now)
        request.requested.filter(release__in=asked - wanted).delete()
        add(request, wanted - asked)
        slugs = sorted(release.slug for release in wanted)
        move_request(request, "choose_releases", by=by.actor, now=now, data={"releases": slugs})
    return request


def require_together(releases: Sequence[Release]) -> list[ReleaseTerms]:
    """See that one request can be for all of them, and return their terms, by slug.

    Raises: Invalid(releases_invalid; errors by "releases").
    """
    found = ReleaseTerms.objects.select_related("release", "license").filter(release__in=releases)
    terms = list(found.order_by("release__slug"))
    wrong = ""
    if not releases:
        wrong = "Choose at least one."
    elif len(terms) < len(set(releases)) or not all(go_together(terms[0], each) for each in terms):
        wrong = "These are not of one model under the same terms. Ask for them in requests of their own."
    if wrong:
        raise Invalid("releases_invalid", "These cannot be asked for together.", errors={"releases": [wrong]})
    return terms


def require_open(by: Principal, releases: Sequence[Release], now: datetime) -> None:
    """See that the person may ask for each of them. Raises: NotPermitted, Conflict."""
    for release in releases:
        require(policies.may_draft(queries.facts(by, release), now))


def add(request: Request, releases: set[Release]) -> None:
    """Ask for these too. Raises: Conflict(request_open): another request of the person's does by now."""
    try:
        with transaction.atomic():
            for release in sorted(releases, key=lambda each: each.slug):
                RequestedRelease.objects.create(
                    request=request, release=release, applicant_id=request.applicant_id
                )
    except IntegrityError as error:
        raise Conflict(
            "request_open",
            "You have another open request for one of these releases.",
            "Continue with that one, or withdraw it first.",
        ) from error
