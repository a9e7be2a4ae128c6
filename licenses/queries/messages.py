"""What was said about a request: messages that both sides read, and notes that staff alone read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from licenses.judging import LEGAL_ROLES
from licenses.models import Message, Party, Request
from licenses.queries.desk import cover_for
from licenses.queries.reviewers import eligible_reviewers
from portal.accounts.models import User
from portal.accounts.principals import Principal

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


def messages(request: Request, principal: Principal) -> list[Said]:
    """Return the messages of a request that the reader may read, oldest first, the newest hundred of them.

    Whoever is no legal staff, or asks for these weights, reads no names of staff.
    """
    newest = request.messages.filter(kind=Message.Kind.MESSAGE).select_related("author")
    rows = sorted(newest.order_by("-at", "-id")[:SHOWN], key=lambda row: (row.at, row.pk))
    return told(rows, request, principal, named=_reads_as_staff(request, principal))


def _reads_as_staff(request: Request, principal: Principal) -> bool:
    asks = principal.user is not None and principal.user in asking(request)
    return bool(principal.roles & LEGAL_ROLES) and not asks


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

    Of staff that is who has the request or stands in for them today, else those who spoke or voted in it,
    else who may vote on it.
    """
    request = message.request
    if message.by_staff:
        return [user for user in asking(request) if user.pk != message.author_id]
    if request.assignee is not None:
        here = cover_for(request.assignee, message.at.date())
        return [here or request.assignee]
    active = User.objects.filter(is_active=True, role_grants__role__in=LEGAL_ROLES)
    staff = active.exclude(pk__in=request.recusals.values("reviewer")).distinct()
    return list(_who_spoke(staff, request)) or list(eligible_reviewers(request))


def _who_spoke(staff: QuerySet[User], request: Request) -> QuerySet[User]:
    spoke = Q(pk__in=request.messages.filter(by_staff=True).values("author"))
    return staff.filter(spoke | Q(pk__in=request.votes.values("reviewer")))
