"""Exports of what stands here about many people: proposed by who reads it, confirmed by a second person.

A confirmed one opens its file to who proposed it, for a day; each download stands in the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from portal.accounts import changes, matrix
from portal.accounts.models import TwoPersonChange
from portal.accounts.policies import staff_may
from portal.accounts.presence import require_present
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.problems import Invalid, NotPermitted
from portal.core.verdicts import Denied, Verdict

LASTS: Final = timedelta(hours=24)
UNCONFIRMED: Final = Denied(
    "export_unconfirmed",
    "This is about many people: two of the staff agree before it leaves.",
    "Propose the export under Changes; a colleague confirms it, then you have a day to download it.",
)


@dataclass(frozen=True)
class Export:
    """What leaves in one file. needs: what its reader must be allowed to read here anyhow."""

    title: str
    what: str
    needs: matrix.Capability
    address: str


# address: the name of the API's address that gives the file.
EXPORTS: Final = {
    "ledger": Export(
        "Export the ledger",
        "every batch that was given out, with names and addresses",
        matrix.LEDGER_READ,
        "api-ledger-csv",
    ),
    "queue": Export(
        "Export the queue",
        "every request that was sent, with who asks and where it stands",
        matrix.QUEUE_READ,
        "api-queue-csv",
    ),
    "audit": Export(
        "Export the audit log",
        "every line of the audit log, with commitments in the place of what is private",
        matrix.AUDIT_READ,
        "api-audit-ndjson",
    ),
}
_PREFIX: Final = "export."


def open_to(by: Principal) -> dict[str, Export]:
    """Return what the person may propose to export, by name."""
    return {name: export for name, export in EXPORTS.items() if _may_propose(by, {"what": name})}


def propose_export(*, what: str, reason: str, by: Principal, now: datetime) -> TwoPersonChange:
    """Propose to export one of `EXPORTS`. Raises: NotPermitted. Invalid. Conflict: already_proposed."""
    if what not in EXPORTS:
        raise Invalid(detail="There is no such export.", errors={"what": ["Choose one of these."]})
    said = f"{by.person.get_full_name()} ({by.person.email}) downloads {EXPORTS[what].what}, for 24 hours."
    payload = {"what": what, "by": by.actor}
    return changes.propose(kind=_PREFIX + what, payload=payload, summary=said, reason=reason, by=by, now=now)


def address_of(change: TwoPersonChange, by: Principal, now: datetime) -> str:
    """Return the name of the address at which this person downloads what was confirmed; "" where they
    cannot."""
    what = change.kind.removeprefix(_PREFIX)
    found = _confirmed(what, by, now) if what in EXPORTS else None
    return EXPORTS[what].address if found == change else ""


def is_open(what: str, by: Principal, now: datetime) -> bool:
    """Return whether the person can download the export now: what they proposed was confirmed."""
    return bool(_may_propose(by, {"what": what})) and _confirmed(what, by, now) is not None


def note_download(*, what: str, by: Principal, now: datetime) -> None:
    """Write that the person downloads the export now.

    Raises: NotPermitted: no session of theirs may, or export_unconfirmed.
    """
    verdict = _may_propose(by, {"what": what})
    if not verdict:
        raise NotPermitted.from_denied(verdict)
    change = _confirmed(what, by, now)
    if change is None:
        raise NotPermitted.from_denied(UNCONFIRMED)
    with transaction.atomic():
        require_present(by)
        subject = f"change:{change.pk}"
        audit.record("export.downloaded", by=by.actor, subject=subject, now=now, export=what)


def _confirmed(what: str, by: Principal, now: datetime) -> TwoPersonChange | None:
    confirmed = TwoPersonChange.objects.filter(
        kind=_PREFIX + what, proposed_by=by.user, state=TwoPersonChange.State.CONFIRMED
    )
    return confirmed.filter(decided_at__gt=now - LASTS).order_by("-decided_at").first()


def _may_propose(by: Principal, payload: Mapping[str, Any]) -> Verdict:
    reads = staff_may(by, EXPORTS[payload["what"]].needs)
    return reads and staff_may(by, matrix.EXPORT)


def _perform(change: TwoPersonChange, by: Principal, now: datetime) -> dict[str, Any]:
    """Nothing but the word: from now on `note_download` lets its proposer through."""
    return {"until": (now + LASTS).isoformat()}


for _name, _export in EXPORTS.items():
    changes.register(_PREFIX + _name, changes.Kind(_export.title, _perform, _may_propose))
