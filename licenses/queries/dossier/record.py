"""What was said and decided about one request, read in one query.

Votes, decisions, messages, notes, recusals and parties stand in five tables and are shown on one page; each
gives rows of the same columns, so that one UNION ALL reads them all. So do the addresses of those who ask and
of staff, by which is told who are colleagues.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import (
    BooleanField,
    CharField,
    DateTimeField,
    F,
    Field,
    IntegerField,
    Q,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Coalesce

from licenses.models import Decision, Message, Party, Recusal, Request, Vote
from portal.accounts.matrix import QUEUE_READ
from portal.accounts.models import User
from portal.accounts.staff import granted

# The columns of every row, with what stands there where a table has no such thing.
_EMPTY: Final[dict[str, tuple["Field[Any, Any]", Any]]] = {
    "what": (CharField(), ""),
    "key": (CharField(), ""),
    "moment": (DateTimeField(), None),
    "until": (DateTimeField(), None),
    "who": (IntegerField(), None),
    "name": (CharField(), ""),
    "address": (CharField(), ""),
    "home": (CharField(), ""),
    "number": (IntegerField(), None),
    "word": (CharField(), ""),
    "first": (TextField(), ""),
    "second": (TextField(), ""),
    "staff": (BooleanField(), False),
    "asks": (BooleanField(), False),
}


@dataclass(frozen=True)
class Line:
    """One row. what: "vote", "decision", "message", "note", "recusal", "party" or "address".

    moment: when; until: of a vote since when it counts no more, of a party when it was asked. who: primary
    key of the person, None for a decision or a party without an account; name, address, home: their name,
    address and organization. number: a version. word: verdict, outcome or state. first: the text that was
    said; second: a vote's note, a party's role. Of an address asks tells that it is verified; who has none
    has one row all the same.
    """

    what: str
    key: str
    moment: datetime
    until: datetime | None
    who: int | None
    name: str
    address: str
    home: str | None
    number: int | None
    word: str
    first: str
    second: str
    staff: bool
    asks: bool


@dataclass(frozen=True)
class Record:
    """Everything that was said and decided, oldest first in each list."""

    votes: list[Line] = field(default_factory=list)
    decisions: list[Line] = field(default_factory=list)
    messages: list[Line] = field(default_factory=list)
    notes: list[Line] = field(default_factory=list)
    recusals: list[Line] = field(default_factory=list)
    parties: list[Line] = field(default_factory=list)
    addresses: list[Line] = field(default_factory=list)

    def counting(self, version: int) -> list[Line]:
        """Return the votes that count on this version."""
        return [vote for vote in self.votes if vote.until is None and vote.number == version]


def read(request: Request) -> Record:
    """Return what was said and decided about the request, in one query."""
    parts = [_votes(request), _decisions(request), _messages(request), _recusals(request), _parties(request)]
    parts.append(_addresses(request))
    rows = parts[0].union(*parts[1:], all=True)
    lines = sorted((Line(*row) for row in rows), key=lambda line: (line.moment, line.key))
    kinds = {"vote": "votes", "decision": "decisions", "message": "messages", "note": "notes"}
    kinds |= {"recusal": "recusals", "party": "parties", "address": "addresses"}
    found: dict[str, list[Line]] = {name: [] for name in kinds.values()}
    for line in lines:
        found[kinds[line.what]].append(line)
    return Record(**found)


def _votes(request: Request) -> QuerySet[Any, Any]:
    return _rows(
        Vote.objects.filter(request=request),
        what=Value("vote"),
        moment=F("at"),
        until=F("superseded_at"),
        number=F("version"),
        word=F("verdict"),
        first=F("reason"),
        second=F("note"),
        **_person("reviewer"),
    )


def _decisions(request: Request) -> QuerySet[Any, Any]:
    return _rows(
        Decision.objects.filter(request=request),
        what=Value("decision"),
        moment=F("at"),
        number=F("version"),
        word=F("outcome"),
        first=F("reason"),
    )


def _messages(request: Request) -> QuerySet[Any, Any]:
    rows = Message.objects.filter(request=request)
    said = {"moment": F("at"), "first": F("text"), "staff": F("by_staff")}
    return _rows(rows, what=F("kind"), asks=F("asks"), **said, **_person("author"))


def _recusals(request: Request) -> QuerySet[Any, Any]:
    rows = Recusal.objects.filter(request=request)
    return _rows(rows, what=Value("recusal"), moment=F("at"), first=F("reason"), **_person("reviewer"))


def _parties(request: Request) -> QuerySet[Any, Any]:
    person = {**_person("user"), "name": F("full_name"), "address": F("email")}
    return _rows(
        Party.objects.filter(request=request),
        what=Value("party"),
        moment=F("state_at"),
        until=F("asked_at"),
        word=F("state"),
        second=F("role"),
        **person,
    )


def _addresses(request: Request) -> QuerySet[Any, Any]:
    asking = Q(pk=request.applicant_id) | Q(pk__in=request.parties.values("user"))
    staff = Q(pk__in=granted(QUEUE_READ))
    return _rows(
        User.objects.filter(asking | staff),
        what=Value("address"),
        moment=F("date_joined"),
        who=F("pk"),
        address=Coalesce("emailaddress__email", Value("")),
        home=F("organization"),
        asks=Coalesce("emailaddress__verified", Value(False)),
    )


def _person(role: str) -> dict[str, Any]:
    return {
        "who": F(f"{role}_id"),
        "name": F(f"{role}__full_name"),
        "address": F(f"{role}__email"),
        "home": F(f"{role}__organization"),
    }


def _rows(rows: QuerySet[Any], **columns: Any) -> QuerySet[Any, Any]:
    """The rows as tuples of the columns above.

    What a table has not is cast, so that both databases know its type; what it has is left as it is, for
    SQLite would cut a time to milliseconds.
    """
    given = {"key": Cast("pk", output_field=CharField()), **columns}
    filled = {
        f"c_{name}": given.get(name, Cast(Value(empty), output_field=kind))
        for name, (kind, empty) in _EMPTY.items()
    }
    tuples: QuerySet[Any, Any] = rows.order_by().annotate(**filled).values_list(*filled)
    return tuples
