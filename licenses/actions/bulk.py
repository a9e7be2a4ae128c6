"""Give one verdict on many requests: each a transaction of its own, each done or refused with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import OperationalError

from licenses.actions.voting import vote
from licenses.ballots import Signed
from licenses.models import Request
from portal.accounts.principals import Principal
from portal.core.problems import Invalid, Problem, database_gave_up

MAX_VOTES = 100


@dataclass(frozen=True)
class Ballot:
    """A verdict to be cast: the arguments of `vote`. version: the one that the reviewer read."""

    request: Request
    version: int
    verdict: str
    reason: str = ""
    note: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a ballot. request: as it stands after it; problem: why it was not cast, else None."""

    request: Request
    problem: Problem | None = None

    @property
    def done(self) -> bool:
        return self.problem is None


def vote_many(
    *, votes: Sequence[Ballot], by: Principal, now: datetime, signed: Signed | None = None
) -> list[Outcome]:
    """Cast each ballot as `vote` does and return what became of them, in their order.

    One that is refused changes nothing and keeps none of the others back. signed: as for `vote`, over all.
    Raises: Invalid(too_many_votes): more than 100. Invalid(vote_invalid): one request twice.
    """
    if len(votes) > MAX_VOTES:
        raise Invalid("too_many_votes", f"At most {MAX_VOTES} requests can be decided at once.")
    if len({ballot.request.pk for ballot in votes}) != len(votes):
        raise Invalid("vote_invalid", "A request stands twice among these.")
    return [_cast(ballot, signed, by, now) for ballot in votes]


def _cast(ballot: Ballot, signed: Signed | None, by: Principal, now: datetime) -> Outcome:
    try:
        request = vote(
            request=ballot.request,
            version=ballot.version,
            verdict=ballot.verdict,
            reason=ballot.reason,
            note=ballot.note,
            by=by,
            now=now,
            signed=signed,
        )
    except Problem as problem:
        return Outcome(ballot.request, problem)
    except OperationalError:
        # A deadlock, or a lock held for too long: this one was rolled back, the next may go through.
        return Outcome(ballot.request, database_gave_up())
    return Outcome(request)
