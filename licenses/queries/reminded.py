"""Whom a request that waits too long is brought to mind of."""

from datetime import UTC, datetime

from licenses.models import Absence, Request, Vote
from licenses.queries.reviewers import eligible_reviewers
from portal.accounts.models import User


def who_is_reminded(request: Request, now: datetime) -> list[User]:
    """Return the reviewers to remind: who has the request on their desk, else everybody who may vote on it.

    Nobody who voted on its current version. In place of who is away today their stand-in, if that one may
    vote; where nobody is left that way, everybody who is here; and if nobody is, those away themselves.
    """
    voted = Vote.objects.filter(request=request, version=request.version, superseded_at__isnull=True)
    waiting = eligible_reviewers(request).exclude(pk__in=voted.values("reviewer")).order_by("pk")
    able = {user.pk: user for user in waiting}
    away = _away(able, now)
    asked = [request.assignee_id] if request.assignee_id in able else list(able)
    told = {_here(pk, away) for pk in asked if pk is not None}
    chosen = able.keys() & told or able.keys() - away.keys() or able.keys()
    return [able[pk] for pk in sorted(chosen)]


def _here(pk: int, away: dict[int, int | None]) -> int | None:
    """The person, or who stands in for them; nobody where that one is away too."""
    stand_in = away.get(pk, pk)
    return None if stand_in in away else stand_in


def _away(people: dict[int, User], now: datetime) -> dict[int, int | None]:
    """Who is away today, with their stand-in."""
    today = now.astimezone(UTC).date()
    lasting = Absence.objects.filter(reviewer__in=people, starts_on__lte=today, ends_on__gte=today)
    # Of two absences at once the one with a stand-in counts: it is written last.
    return {each.reviewer_id: each.cover_id for each in sorted(lasting, key=lambda each: bool(each.cover_id))}
