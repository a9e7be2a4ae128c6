"""What was said about a request: messages that both sides read, and notes that staff alone read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from licenses import policies
from licenses.facts import RequestCase
from licenses.models import Message, Party, Request
from licenses.queries.desk import cover_for
from licenses.queries.parties import people_of
from licenses.queries.reviewers import eligible_reviewers
from portal.accounts.matrix import REQUEST_TALK
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.accounts.staff import people_who

SHOWN = 100  # of one request at a time: the newest


@dataclass(frozen=True)
class Said:
    """One thing said. author: "You", a name, or "The reviewers" where those who ask read it.

    by_staff: which side said it. asks: it is a question of staff. open: its answer is still waited for.
    """

    id: str
    at: datetime
    author: str
    by_staff: bool
    asks: bool
    open: bool
    text: str


def messages(request: Request, principal: Principal, case: RequestCase) -> list[Said]:
    """Return the messages of a request that the reader may read, oldest first, the newest hundred of them.

    case: the request as the reader sees it; who does not see it as staff do reads no names of staff.
    """
    newest = request.messages.filter(kind=Message.Kind.MESSAGE).select_related("author")
    rows = sorted(newest.order_by("-at", "-id")[:SHOWN], key=lambda row: (row.at, row.pk))
    return told(rows, request, principal, named=bool(policies.may_review_request(case)))


def told(rows: Iterable[Message], request: Request, principal: Principal, *, named: bool) -> list[Said]:
    """Return the rows as a reader is shown them. named: staff stand there by name."""
    listed = list(rows)
    last = next((row.pk for row in reversed(listed) if row.asks), "")
    return [
        Said(
            id=row.pk,
            at=row.at,
            author=_author(row, principal, named),
            by_staff=row.by_staff,
            asks=row.asks,
            open=row.pk == last and request.asked_at is not None,
            text=row.text,
        )
        for row in listed
    ]


def _author(row: Message, principal: Principal, named: bool) -> str:
    if principal.user is not None and row.author_id == principal.user.pk:
        return "You"
    return row.author.get_full_name() if named or not row.by_staff else "The reviewers"


def asking(request: Request) -> list[User]:
    """Return who asks for the weights: the applicant, and the co-applicants who joined."""
    taking_part = [Party.State.JOINED, Party.State.ACCEPTED]
    joined = request.parties.filter(role=Party.Role.CO_APPLICANT, state__in=taking_part)
    return [request.applicant, *(party.user for party in joined.select_related("user") if party.user)]


def audience(message: Message) -> list[User]:
    """Return who is mailed about a message: its other side, never its author.

    Of staff that is who has the request or stands in for them today, where they may still take part; else
    those who spoke or voted in it, else who may vote on it.
    """
    request = message.request
    if message.by_staff:
        return [user for user in asking(request) if user.pk != message.author_id]
    staff = staff_of(request)
    if request.assignee is not None:
        here = cover_for(request.assignee, message.at.date()) or request.assignee
        if staff.filter(pk=here.pk).exists():
            return [here]
    return list(_who_spoke(staff, request)) or list(eligible_reviewers(request))


def staff_of(request: Request) -> QuerySet[User]:
    """Return who of staff may take part in the request now: not who was disabled or has no such role any
    more, nobody of the team's side, nobody who recused themselves."""
    outside = people_who(REQUEST_TALK).exclude(
        pk__in=request.parties.filter(user__isnull=False).values("user")
    )
    outside = outside.exclude(pk__in=people_of(request))
    return outside.exclude(pk__in=request.recusals.values("reviewer"))


def _who_spoke(staff: QuerySet[User], request: Request) -> QuerySet[User]:
    spoke = Q(pk__in=request.messages.filter(by_staff=True).values("author"))
    return staff.filter(spoke | Q(pk__in=request.votes.values("reviewer")))
