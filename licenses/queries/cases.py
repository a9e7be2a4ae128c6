"""A request and a grant as one person sees them: what the policies about them judge, read now."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from licenses import states
from licenses.facts import GrantCase, RequestCase
from licenses.models import Grant, Party, ReleaseTerms, Request
from licenses.queries.colleagues import houses_asking, houses_of
from licenses.queries.facts import license_in_force, person, release_facts
from licenses.queries.parties import on_the_side_of_who_asks, state_at, team_facts
from portal.accounts.matrix import QUEUE_READ, allows
from portal.accounts.models import User
from portal.accounts.principals import Principal


def request_case(
    principal: Principal, request: Request, now: datetime, party: Party | None = None
) -> RequestCase:
    """Return the request as `principal` sees it: what each request policy judges. party: as `team_facts`."""
    user = principal.user
    every = list(ReleaseTerms.objects.select_related("release", "license").filter(release__requests=request))
    in_force = license_in_force(every[0].license, now, request.organization_id) if every else None
    one_license = len({terms.license_id for terms in every}) <= 1
    team = team_facts(principal, request, every, now, party)
    colleagues_barred = any(terms.exclude_reviewer_organization for terms in every)
    # Asked of staff alone: it bars nobody else from anything.
    judged_by = user if colleagues_barred and allows(principal.roles, QUEUE_READ) else None
    colleague = judged_by is not None and bool(houses_of(judged_by) & houses_asking(request))
    earlier = (
        user is not None
        and request.appeal_version is not None
        and request.votes.filter(reviewer=user, version__lt=request.appeal_version).exists()
    )
    return RequestCase(
        person=person(principal),
        state=state_at(request, now),
        mine=user is not None and user.pk == request.applicant_id,
        was_submitted=request.submitted_at is not None,
        asked=_asked(request, every),
        appealed=request.appealed,
        license_current=one_license and in_force is not None and in_force.pk == request.license_version_id,
        one_license=one_license,
        own_organization=colleague,
        voted_before_appeal=earlier,
        joined=team.joined and team.role == Party.Role.CO_APPLICANT,
        recused=user is not None and request.recusals.filter(reviewer=user).exists(),
        held=request.state == states.SIGNED and _live(request, now),
        team=team,
        releases=tuple(release_facts(terms.release, terms) for terms in every),
    )


def _live(request: Request, now: datetime) -> bool:
    return request.grants.filter(state__in=states.LIVE_STATES, ends_at__gt=now).exists()


def _asked(request: Request, terms: Sequence[ReleaseTerms]) -> bool:
    if request.submitted_at is not None:
        return True
    earlier = Request.objects.filter(applicant=request.applicant_id, submitted_at__isnull=False)
    asked_for = set(earlier.values_list("releases", flat=True))
    return {each.release_id for each in terms} <= asked_for


def grant_case(principal: Principal, grant: Grant) -> GrantCase:
    """Return the grant as `principal` sees it."""
    user, who = principal.user, person(principal)
    mine = user is not None and user.pk == grant.user_id
    # Asked of staff alone: it bars nobody else from anything.
    of_team = user is not None and allows(who.roles, QUEUE_READ) and _is_of_team(user, grant)
    return GrantCase(person=who, state=grant.state, mine=mine, of_team=of_team)


def _is_of_team(user: User, grant: Grant) -> bool:
    theirs = Q(applicant=user) | Q(pk__in=on_the_side_of_who_asks(user).values("request"))
    return Request.objects.filter(theirs, pk=grant.request_id).exists()
