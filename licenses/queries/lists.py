"""What a person can see. Each list agrees with the policy that judges its single things."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from licenses import policies
from licenses.bars import is_staff
from licenses.facts import RequestCase
from licenses.models import Grant, ReleaseTerms, Request
from licenses.queries.cases import grant_case, request_case
from licenses.queries.facts import asking, person
from licenses.queries.one_grant import grants_within, reaches, requests_within
from licenses.queries.parties import as_they_stand, takes_part
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core.problems import NotFound
from weights_vault.models import Release


def visible_releases(principal: Principal) -> QuerySet[Release]:
    """Return the releases for which the rule of access allows "see"."""
    listed = Q(state=Release.State.LISTED)
    who = person(principal)
    if principal.user is None or not who.active:
        return Release.objects.filter(listed)
    if is_staff(who) and not who.second_factor_missing:
        return Release.objects.all()
    # A draft leads nowhere: what was hidden since is hidden from whoever only began to ask for it.
    asked = requests_within(principal, asking(principal.user))
    own = asked.filter(submitted_at__isnull=False).order_by().values("releases")
    granted = grants_within(principal, Grant.objects.filter(user=principal.user)).values("release")
    return Release.objects.filter(listed | Q(pk__in=own) | Q(pk__in=granted))


def requests_of(principal: Principal) -> QuerySet[Request]:
    """Return the principal's own requests, and those in which they joined a team, newest first."""
    if principal.user is None or not policies.may_read_own(person(principal)):
        return Request.objects.none()
    place = takes_part(principal.user).values("request")
    own = Request.objects.filter(Q(applicant=principal.user) | Q(pk__in=place))
    return _with_what_is_shown(requests_within(principal, own))


def requests_sent_by(user: User) -> QuerySet[Request]:
    """Return the requests that a person handed to the reviewers, newest first: what they are for and where
    they stand. For those who manage people, who do not read what they say."""
    sent = Request.objects.filter(applicant=user, submitted_at__isnull=False)
    return sent.prefetch_related("releases").order_by("-submitted_at", "-id")


def request_for(principal: Principal, id: str, now: datetime) -> Request:
    """Return a request that the principal may read.

    Raises: NotFound: there is none, or it is not theirs to see.
    """
    return request_seen(principal, id, now)[0]


def request_seen(principal: Principal, id: str, now: datetime) -> tuple[Request, RequestCase]:
    """Return the same, and the request as the principal sees it, for the next question about it."""
    request = _with_what_is_shown(requests_within(principal, Request.objects.filter(pk=id))).first()
    if request is None:
        raise NotFound()
    case = request_case(principal, request, now)
    if not policies.may_read_request(case):
        raise NotFound()
    return as_they_stand([request], now)[0], case


def _with_what_is_shown(requests: QuerySet[Request]) -> QuerySet[Request]:
    joined = requests.select_related("applicant__organization", "license_version__license")
    return joined.prefetch_related("releases").order_by("-created_at", "-id")


def grants_of(principal: Principal) -> QuerySet[Grant]:
    """Return the principal's own grants, newest first."""
    if principal.user is None or not policies.may_read_own(person(principal)):
        return Grant.objects.none()
    return grants_within(principal, _grants().filter(user=principal.user))


def all_grants(principal: Principal) -> QuerySet[Grant]:
    """Return every grant to legal staff, newest first; nothing to others."""
    return _grants() if policies.may_review(person(principal)) else Grant.objects.none()


def grant_for(principal: Principal, id: str) -> Grant:
    """Return a grant that the principal may see.

    Raises: NotFound: there is none, or it is not theirs to see.
    """
    grant = _grants().filter(pk=id).first() if reaches(principal, id) else None
    if grant is None or not policies.may_read_grant(grant_case(principal, grant)):
        raise NotFound()
    return grant


def _grants() -> QuerySet[Grant]:
    return Grant.objects.select_related("user", "release", "license_version__license", "request")


def terms_by_release(releases: Iterable[Release]) -> dict[int, ReleaseTerms]:
    """Return the terms of several releases, by release primary key, in one query."""
    found = ReleaseTerms.objects.select_related("license").filter(release__in=list(releases))
    return {terms.release_id: terms for terms in found}
