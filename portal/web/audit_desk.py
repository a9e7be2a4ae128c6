"""An auditor's view of the log: sentences a page at a time, one event with all that proves it, the tree."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from licenses.queries.proofs import event_numbered, is_number
from licenses.queries.withholding import withhold
from portal.accounts.audit_search import Wanted, events
from portal.accounts.policies import may_read_audit
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.log import sentences
from portal.core.log.entries import entries_of
from portal.core.log.proofs import file_name
from portal.core.log.standing import standing
from portal.core.log.stored import position_of
from portal.core.models import AuditEvent
from portal.core.problems import require

PER_PAGE: Final = 50


@dataclass(frozen=True)
class Line:
    """One event of the list with its sentence."""

    event: AuditEvent
    sentence: sentences.Sentence


@dataclass(frozen=True)
class Field:
    """One value of an event. state: "plain", "shown" (behind a commitment), "withheld" (not for this reader),
    "erased"."""

    name: str
    value: str
    commitment: str
    state: str

    @property
    def is_code(self) -> bool:
        """Whether it is something without spaces or in JSON, which breaks anywhere."""
        return " " not in self.value or self.value.startswith(("{", "["))


def enter(principal: Principal) -> None:
    """Let pass who reads the whole log. Raises: NotPermitted, with the reason, for everybody else."""
    require(may_read_audit(principal))


def page_of(principal: Principal, wanted: Wanted, place: str, now: datetime) -> dict[str, Any]:
    """Context of one page of the list, newest first. place: "before-N" or "after-N", the event that the page
    begins below or above; anything else is the newest page.
    """
    found, newer, older = _cut(wanted, place)
    lines = [Line(event, sentence) for event, sentence in sentences.tell(withhold(principal, found))]
    return {
        "lines": lines,
        "newer": lines[0].event.pk if lines and newer else None,
        "older": lines[-1].event.pk if lines and older else None,
        "at_end": place.startswith(("before-", "after-")),
        "log": standing(now),
    }


def event_page(principal: Principal, index: str, now: datetime) -> dict[str, Any]:
    """Context of the page of one event. Raises: NotFound."""
    [(event, sentence)] = sentences.tell(withhold(principal, [event_numbered(index)]))
    position, log = position_of(event.pk), standing(now)
    fields = [_field(event, name) for name in event.data]
    return {
        "event": event,
        "sentence": sentence,
        "fields": fields,
        "beside": {field.state for field in fields if field.commitment},
        "entry": entries_of([event.pk])[event.pk].decode(),
        "position": position,
        "proved": position is not None and log.head is not None and log.head.size > position,
        "log": log,
        "file": file_name(event.pk),
    }


def _cut(wanted: Wanted, place: str) -> tuple[list[AuditEvent], bool, bool]:
    """Return (events newest first, whether newer ones exist, whether older ones exist)."""
    found, (way, _, index) = events(wanted), place.partition("-")
    if way == "after" and is_number(index):
        rows = list(found.filter(pk__gt=int(index)).order_by("index")[: PER_PAGE + 1])
        return rows[:PER_PAGE][::-1], len(rows) > PER_PAGE, True
    is_below = way == "before" and is_number(index)
    rows = list((found.filter(pk__lt=int(index)) if is_below else found)[: PER_PAGE + 1])
    return rows[:PER_PAGE], is_below, len(rows) > PER_PAGE


def _field(event: AuditEvent, name: str) -> Field:
    value = event.data[name]
    if not audit.is_commitment(value):
        return Field(name, _shown(value), "", "plain")
    standing_ = audit.told(event, name, None)
    state = "withheld" if standing_ is audit.WITHHELD else "erased" if standing_ is None else "shown"
    return Field(name, "" if standing_ is None else _shown(standing_), value[audit.COMMITMENT], state)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
