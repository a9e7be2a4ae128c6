"""Who else may vote, and which reasons are kept ready: what the verdict form needs, in one query."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Lower

from licenses.models import ReasonTemplate
from licenses.queries.dossier.case import Bars
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.accounts.roles import REVIEWER

_REVIEWER = "reviewer"


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


def read(principal: Principal, bars: Bars) -> Staff:
    """Return the other reviewers whom nothing bars, by name, and the reasons that are offered."""
    rows = list(_reviewers().union(_reasons(), all=True))
    others = [row for row in rows if row[0] == _REVIEWER and _is_free(row, principal, bars)]
    reasons = [Reason(row[1], row[0], row[2]) for row in rows if row[0] != _REVIEWER]
    return Staff(
        sorted(row[2] or row[3] for row in others),
        sorted(reasons, key=lambda each: (each.verdict, each.title)),
    )


def _reviewers() -> Any:
    rows = User.objects.filter(is_active=True, role_grants__role=REVIEWER).order_by().distinct()
    return rows.annotate(
        c_what=Value(_REVIEWER, output_field=CharField()),
        c_key=Cast("pk", output_field=CharField()),
        c_name=F("full_name"),
        c_address=Lower("email"),
        c_home=F("organization_id"),
    ).values_list("c_what", "c_key", "c_name", "c_address", "c_home")


def _reasons() -> Any:
    none = Cast(Value(""), output_field=CharField())
    rows = ReasonTemplate.objects.filter(archived_at__isnull=True).exclude(verdict="grant").order_by()
    columns = {"c_what": F("verdict"), "c_key": F("id"), "c_name": F("title")}
    return rows.annotate(**columns, c_address=none, c_home=none).values_list(
        "c_what", "c_key", "c_name", "c_address", "c_home"
    )


def _is_free(row: tuple[str, str, str, str, str | None], principal: Principal, bars: Bars) -> bool:
    _, key, _, address, home = row
    people = {*bars.people, principal.person.pk}
    return int(key) not in people and home not in bars.houses and address not in bars.addresses
