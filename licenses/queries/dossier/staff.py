"""Who else may vote, and which reasons are kept ready: what the verdict form needs, in one query."""

import json
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import CharField, F, Q, TextField, Value
from django.db.models.functions import Cast, Lower

from licenses.models import ReasonTemplate
from licenses.queries.colleagues import domain_of
from licenses.queries.dossier.case import Bars
from licenses.queries.dossier.record import Record
from portal.accounts.matrix import REQUEST_VOTE
from portal.accounts.models import Organization
from portal.accounts.principals import Principal
from portal.accounts.staff import people_who

_REVIEWER = "reviewer"
_HOUSE = "house"


class Reason(NamedTuple):
    """A reason kept ready. verdict: for which."""

    id: str
    verdict: str
    title: str


@dataclass(frozen=True)
class Staff:
    """others: names of those beside the reader who may vote."""

    others: list[str]
    reasons: list[Reason]


class Kept(NamedTuple):
    """What one query reads. reviewers: key, name and address of each. domains: of each organization at one of
    whose domains somebody in the record has a verified address."""

    reviewers: list[tuple[str, str, str]]
    reasons: list[Reason]
    domains: dict[str, list[str]]


def keep(record: Record) -> Kept:
    """Read the reviewers, the reasons and the organizations that the record's addresses confirm."""
    found: dict[str, list[tuple[str, str, str]]] = {_REVIEWER: [], _HOUSE: []}
    reasons = []
    for what, *row in _reviewers().union(_reasons(), *_houses(record), all=True):
        if what in found:
            found[what].append((row[0], row[1], row[2]))
        else:
            reasons.append(Reason(row[0], what, row[1]))
    return Kept(found[_REVIEWER], reasons, {key: json.loads(domains) for key, domains, _ in found[_HOUSE]})


def read(principal: Principal, kept: Kept, bars: Bars) -> Staff:
    """Return the other reviewers whom nothing bars, by name, and the reasons that are offered."""
    people = {*bars.people, principal.person.pk}
    others = [
        name or address
        for key, name, address in kept.reviewers
        if int(key) not in people and address not in bars.addresses
    ]
    return Staff(sorted(others), sorted(kept.reasons, key=lambda each: (each.verdict, each.title)))


def _reviewers() -> Any:
    rows = people_who(REQUEST_VOTE).order_by()
    return rows.annotate(
        c_what=Value(_REVIEWER, output_field=CharField()),
        c_key=Cast("pk", output_field=CharField()),
        c_name=F("full_name"),
        c_address=Lower("email"),
    ).values_list("c_what", "c_key", "c_name", "c_address")


def _reasons() -> Any:
    none = Cast(Value(""), output_field=CharField())
    rows = ReasonTemplate.objects.filter(archived_at__isnull=True).exclude(verdict="grant").order_by()
    columns = {"c_what": F("verdict"), "c_key": F("id"), "c_name": F("title")}
    return rows.annotate(**columns, c_address=none).values_list("c_what", "c_key", "c_name", "c_address")


def _houses(record: Record) -> list[Any]:
    domains = {domain_of(line.address) for line in record.addresses if line.asks}
    if not domains:
        return []
    listed = Organization.objects.annotate(c_name=Cast("domains", output_field=TextField())).order_by()
    named = listed.filter(reduce(or_, (Q(c_name__contains=f'"{domain}"') for domain in domains)))
    none = Cast(Value(""), output_field=CharField())
    what = Value(_HOUSE, output_field=CharField())
    rows = named.annotate(c_what=what, c_key=F("pk"), c_address=none)
    return [rows.values_list("c_what", "c_key", "c_name", "c_address")]
