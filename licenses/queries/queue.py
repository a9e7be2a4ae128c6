"""The queue of legal staff: which requests they may review, filtered, and what awaits whom."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from licenses import policies, states
from licenses.models import Absence, Decision, Recusal, Request, Vote
from licenses.models.requests import RequestedRelease
from licenses.queries.colleagues import Domains, domains_of_houses, requests_of_houses
from licenses.queries.facts import person
from licenses.queries.parties import on_the_side_of_who_asks
from licenses.queries.reviewers import votes_that_count
from licenses.queries.search import about
from portal.accounts.models import User
from portal.accounts.principals import Principal

ME, NOBODY, SOMEBODY = "me", "nobody", "somebody"


@dataclass(frozen=True)
class QueueFilters:
    """Which requests to show; what is left empty or false narrows nothing.

    state: empty for every state. release: a slug. organization: a part of the applicant's. country: alpha-2.
    assignee: "me" (and those whom the reader covers today), "nobody", "somebody", or a public id.
    awaiting_me: only what the reader may still vote on. split: only where the votes oppose each other.
    asked: only what waits for the applicant's answer. overdue: only what is over the review target, while it
    is the reviewers' turn. text: words that the request holds.
    """

    state: str = states.SUBMITTED
    release: str = ""
    organization: str = ""
    country: str = ""
    assignee: str = ""
    awaiting_me: bool = False
    split: bool = False
    appeal: bool = False
    asked: bool = False
    overdue: bool = False
    renewal: bool = False
    text: str = ""


def queue(
    principal: Principal, filters: QueueFilters | None = None, now: datetime | None = None
) -> QuerySet[Request]:
    """Return the requests that legal staff may review, the longest waiting first; nothing to others.

    Each row has `votes_cast` (verdicts that count on its current version), `voted` (one is the reader's) and
    `returned_at` (of what is with the applicant: since when).
    now: what "overdue" and "today" go by; left out, the present.
    """
    rows = matching(principal, filters or QueueFilters(), now or timezone.now())
    joined = rows.select_related("applicant__organization", "assignee").prefetch_related("releases")
    returned = Decision.objects.filter(request=OuterRef("pk")).order_by("-at", "-pk").values("at")[:1]
    return joined.annotate(
        votes_cast=_votes_cast(),
        voted=Exists(_current_votes(principal)),
        returned_at=Case(When(state=states.CHANGES_REQUESTED, then=Subquery(returned))),
    )


def matching(
    principal: Principal, wanted: QueueFilters, now: datetime, houses: Domains | None = None
) -> QuerySet[Request]:
    """Return the same requests bare, for counting and locking.

    houses: the reader's organizations, where they are known already; else they are read where needed.
    """
    if principal.user is None or not policies.may_review(person(principal)):
        return Request.objects.none()
    rows = Request.objects.filter(_plain(wanted), submitted_at__isnull=False).order_by("submitted_at", "pk")
    theirs = on_the_side_of_who_asks(principal.user)
    rows = rows.exclude(applicant=principal.user).exclude(pk__in=theirs.values("request"))
    if wanted.release:
        asked_for = RequestedRelease.objects.filter(request=OuterRef("pk"), release__slug=wanted.release)
        rows = rows.filter(Exists(asked_for))
    if wanted.assignee:
        rows = rows.filter(_assigned(wanted.assignee, principal.user, now))
    if wanted.overdue:
        late = now - timedelta(days=settings.REVIEW_TARGET_DAYS)
        rows = rows.filter(state=states.SUBMITTED, submitted_at__lt=late, asked_at__isnull=True)
    return awaiting(rows, principal, houses) if wanted.awaiting_me else rows


def _plain(wanted: QueueFilters) -> Q:
    """What the request's own columns say."""
    conditions = {
        "state": wanted.state,
        "applicant__organization__name__icontains": wanted.organization,
        "applicant__country": wanted.country,
        "split": wanted.split,
        "appeal_version__isnull": False if wanted.appeal else None,
        "asked_at__isnull": False if wanted.asked else None,
        "renews__isnull": False if wanted.renewal else None,
    }
    named = {name: value for name, value in conditions.items() if value or name.endswith("__isnull")}
    return Q(**{name: value for name, value in named.items() if value is not None}) & about(wanted.text)


def _assigned(whose: str, user: User, now: datetime) -> Q:
    match whose:
        case "nobody":
            return Q(assignee__isnull=True)
        case "somebody":
            return Q(assignee__isnull=False)
        case "me":
            today = now.date()
            covered = Absence.objects.filter(cover=user, starts_on__lte=today, ends_on__gte=today)
            # A union, not an "or": it leads through the index of who has what.
            own = User.objects.filter(pk=user.pk).order_by().values("pk")
            return Q(assignee__in=own.union(covered.order_by().values("reviewer")))
    return Q(assignee__public_id=whose)


def _votes_cast() -> Coalesce:
    counting = votes_that_count().filter(request=OuterRef("pk"), version=OuterRef("version"))
    each = counting.order_by().values("request").annotate(cast=Count("pk")).values("cast")
    return Coalesce(Subquery(each, output_field=IntegerField()), 0)


def _current_votes(principal: Principal) -> QuerySet[Vote]:
    return Vote.objects.filter(
        request=OuterRef("pk"),
        version=OuterRef("version"),
        reviewer=principal.user,
        superseded_at__isnull=True,
    )


def awaiting(
    rows: QuerySet[Request], principal: Principal, houses: Domains | None = None
) -> QuerySet[Request]:
    """Return the rows that `policies.may_vote` lets this reviewer vote on and that they did not vote on yet.

    rows: none of the reader's own. houses: as `matching`.
    """
    user = principal.user
    if user is None or not policies.may_pick(person(principal)):
        return rows.none()
    # Each asked once and not a row at a time: PostgreSQL's planner takes the latter for dear.
    before_appeal = Vote.objects.filter(
        reviewer=user,
        request__state=states.SUBMITTED,
        request__appeal_version__isnull=False,
        version__lt=F("request__appeal_version"),
    )
    recused = Recusal.objects.filter(reviewer=user)
    rows = rows.filter(~Exists(_current_votes(principal)), state=states.SUBMITTED)
    rows = rows.exclude(pk__in=recused.values("request")).exclude(pk__in=before_appeal.values("request"))
    houses = domains_of_houses(user) if houses is None else houses
    return rows.exclude(pk__in=requests_of_houses(houses)) if houses else rows
