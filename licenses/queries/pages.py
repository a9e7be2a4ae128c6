"""Lists that stay quick however long they are: pages by the last row's place, counts that stop early."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db.models import BooleanField, ExpressionWrapper, IntegerField, Model, Q, QuerySet, Subquery

from licenses.models import Request
from licenses.queries.colleagues import domains_of_houses
from licenses.queries.queue import QueueFilters, matching
from portal.accounts.models import User
from portal.accounts.principals import Principal

Row = TypeVar("Row", bound=Model)
COUNTED = 1_000  # a count that reaches it says "1,000 or more"

# Columns by which the queue can be sorted, and whether the largest comes first.
SORTS: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "oldest": (("submitted_at", "pk"), False),
    # While a question waits for the applicant the reviewers' clock stands still: those come last.
    "due": (("paused", "submitted_at", "pk"), False),
    "newest": (("submitted_at", "pk"), True),
    "changed": (("updated_at", "pk"), True),
}


@dataclass(frozen=True)
class Slice(Generic[Row]):
    """One page. before, after: the marks that lead to the pages around it; empty where there is none."""

    rows: Sequence[Row]
    before: str
    after: str


def sliced(
    rows: QuerySet[Request], sort: str, *, before: str = "", after: str = "", size: int
) -> Slice[Request]:
    """Return the page of the queue that begins after, or ends before, a mark; without one the first.

    sort: a name in SORTS; another is the first one. A mark that cannot be read counts as none.
    """
    fields, descending = SORTS.get(sort, SORTS["oldest"])
    if "paused" in fields:
        rows = rows.annotate(paused=ExpressionWrapper(Q(asked_at__isnull=False), output_field=BooleanField()))
    mark = _read(before, fields) or _read(after, fields)
    backwards = bool(_read(before, fields))
    falling = descending != backwards
    if mark is not None:
        rows = rows.filter(_beyond(fields, mark, falling=falling))
    found = list(rows.order_by(*(f"-{field}" if falling else field for field in fields))[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    first, last = (_mark(found[0], fields), _mark(found[-1], fields)) if found else ("", "")
    has_before = more if backwards else mark is not None
    has_after = more or backwards
    return Slice(found, first if has_before else "", last if has_after else "")


def _beyond(fields: Sequence[str], mark: Sequence[Any], *, falling: bool) -> Q:
    """Rows past the mark: the first column may not come before it, and later ones decide between equals."""
    past = "lt" if falling else "gt"
    (field, *rest), (value, *others) = fields, mark
    if not rest:
        return Q(**{f"{field}__{past}": value})
    further = Q(**{f"{field}__{past}": value}) | _beyond(rest, others, falling=falling)
    return Q(**{f"{field}__{past}e": value}) & further


def _mark(row: Model, fields: Sequence[str]) -> str:
    return "~".join(_written(getattr(row, field)) for field in fields)


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(int(value)) if isinstance(value, bool) else str(value)


def _read(mark: str, fields: Sequence[str]) -> list[Any] | None:
    pieces = mark.split("~")
    if len(pieces) != len(fields):
        return None
    try:
        return [_value(piece, field) for piece, field in zip(pieces, fields, strict=True)]
    except (ValueError, OverflowError):
        return None


def _value(piece: str, field: str) -> Any:
    if field.endswith("_at"):
        moment = datetime.fromisoformat(piece)
        if moment.tzinfo is None:
            raise ValueError("a moment without its zone")
        # PostgreSQL knows fewer zones than ISO 8601 can write.
        return moment.astimezone(UTC)
    if field == "paused":
        return bool(int(piece))
    if not piece.replace("_", "").isalnum():
        raise ValueError("no id")
    return piece


class CountUpTo(Subquery):
    """How many rows a query has, at most COUNTED, as one column of another query."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any]) -> None:
        super().__init__(rows.order_by().values("pk")[:COUNTED])


def counts(principal: Principal, views: Mapping[str, QueueFilters], now: datetime) -> dict[str, int]:
    """Return how many requests each of several filters leaves, at most COUNTED each, in two queries."""
    if principal.user is None:
        return dict.fromkeys(views, 0)
    user = principal.user
    houses = domains_of_houses(user) if any(each.awaiting_me for each in views.values()) else None
    columns = {
        f"count_{number}": CountUpTo(matching(principal, filters, now, houses))
        for number, filters in enumerate(views.values())
    }
    # The reader's own row is the one row on which to hang the columns.
    found = User.objects.filter(pk=user.pk).values_list(*columns.values()).get()
    return {name: count or 0 for name, count in zip(views, found, strict=True)}
