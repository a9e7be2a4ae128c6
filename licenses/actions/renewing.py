"""Carry access on: a draft that holds everything that was said before, and asks only what was done since."""

from datetime import datetime

from django.db import IntegrityError, transaction

from licenses import policies, queries, questionnaire, states
from licenses.actions import parties, versions
from licenses.actions.lapsing import lapse_of
from licenses.actions.moving import lock_request, require, row_of, who
from licenses.models import Grant, Party, ReleaseTerms, Request, RequestVersion
from licenses.models.requests import RequestedRelease
from licenses.queries.siblings import go_together
from licenses.queries.waiting import held_under, renewable
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import Conflict, Invalid
from weights_vault.models import Release

# A team that no longer fits into the terms is carried over as far as it fits.
_FULL = frozenset({"team_full", "signatory_not_wanted"})


def renew(*, request: Request, by: Principal, now: datetime, idempotency_key: str | None = None) -> Request:
    """Begin the renewal of what a signed request gave the person, and return its draft.

    It is for the releases whose grants they hold, ended ones too; where one request cannot be for all of
    them any more, for those that go together, and the next renewal is for the rest. The applicant's own
    renewal carries answers, evidence and the team over; a co-applicant's carries the answers.
    idempotency_key: of the same person, a key used before returns the request that it made.
    Raises: NotPermitted, Conflict(too_early_to_renew, nothing_to_renew). Conflict(request_open): another
        request of theirs for one of the releases is under way.
    """
    with transaction.atomic():
        if by.user is not None:
            lapse_of(by.user, now=now)
        older = lock_request(request, by)
        if found := _made_before(by, idempotency_key):
            return found
        verdict = policies.may_renew(queries.person(by), older.state, held_under(by, older), now)
        require(verdict)
        releases = _next_together(who(by), older)
        try:
            with transaction.atomic():
                made = _make(by, older, releases, now, idempotency_key or "")
        except IntegrityError as error:
            raise Conflict(
                "request_open",
                "You have another open request for this release.",
                "Continue with that one, or withdraw it first.",
            ) from error
        if older.applicant_id == made.applicant_id:
            _ask_the_team_again(older, made, by, now)
    return made


def _next_together(user: User, older: Request) -> list[Release]:
    """What the person holds under the request, as far as one request can be for it: what came under other
    terms since is renewed apart. What is not under way already comes first."""
    groups: list[list[ReleaseTerms]] = []
    held = [grant.release_id for grant in renewable(user, older)]
    terms = ReleaseTerms.objects.select_related("release").filter(release__in=held)
    for each in terms.order_by("release__slug"):
        fitting = next((group for group in groups if go_together(group[0], each)), None)
        if fitting is None:
            groups.append([each])
        else:
            fitting.append(each)
    under_way = set(
        RequestedRelease.objects.filter(applicant=user, open=True).values_list("release", flat=True)
    )
    free = [group for group in groups if not under_way & {each.release_id for each in group}]
    return [each.release for each in (free or groups)[0]]


def _made_before(by: Principal, key: str | None) -> Request | None:
    if not key or by.user is None:
        return None
    return Request.objects.filter(applicant=by.user, draft_key=key).first()


def _make(by: Principal, older: Request, releases: list[Release], now: datetime, key: str) -> Request:
    row = row_of("request", states.NEW, "draft")
    made = Request.objects.create(
        applicant=who(by), state=row.target, draft_key=key, renews=older, created_at=now, updated_at=now
    )
    for release in releases:
        RequestedRelease.objects.create(request=made, release=release, applicant=who(by))
    terms = ReleaseTerms.objects.get(release=releases[0])
    last = versions.current(older)
    own = older.applicant_id == made.applicant_id
    RequestVersion.objects.create(
        request=made,
        number=1,
        answers=_still_fitting(terms, last),
        questions=terms.questions,
        evidence=last.evidence if own else {},
        created_at=now,
    )
    audit.record(
        row.audit,
        by=by.actor,
        subject=f"request:{made.pk}",
        now=now,
        version=1,
        releases=[release.slug for release in releases],
        renews=older.pk,
    )
    return made


def _still_fitting(terms: ReleaseTerms, last: RequestVersion) -> dict[str, object]:
    """The answers that today's questions still take."""
    known = {question["id"] for question in terms.questions}
    given = {name: answer for name, answer in last.answers.items() if name in known}
    return questionnaire.check_answers(terms.questions, given, complete=False)[0]


def _ask_the_team_again(older: Request, made: Request, by: Principal, now: datetime) -> None:
    """Ask whoever stood in the older request to the end: each has to say yes anew. Nobody whose access was
    taken away since is asked by the portal itself."""
    revoked = Grant.objects.filter(
        release__in=made.releases.all(), state=states.REVOKED, state_at__gte=older.decided_at
    )
    stood = older.parties.filter(state=Party.State.ACCEPTED).exclude(user__in=revoked.values("user"))
    stood = stood.order_by("asked_at", "id")
    for party in stood:
        try:
            with transaction.atomic():
                parties.invite(
                    request=made,
                    role=party.role,
                    email=party.email,
                    full_name=party.full_name,
                    by=by,
                    now=now,
                )
        except Conflict as problem:
            if problem.code not in _FULL:
                raise
        except Invalid:
            # The address is by now the applicant's own, say. They see the team before they send it.
            continue
