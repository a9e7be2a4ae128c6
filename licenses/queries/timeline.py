"""What happened to a request and its grants, in plain words, read from the audit log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from licenses import policies
from licenses.models import Grant, Request
from licenses.queries.facts import person
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core import audit
from portal.core.models import AuditEvent

TITLES = {
    "request.drafted": "Draft begun",
    "request.edited": "Answers changed",
    "request.submitted": "Submitted for review",
    "request.license_confirmed": "New license text confirmed",
    "request.voted": "Vote cast",
    "request.approved": "Approved",
    "request.rejected": "Declined",
    "request.changes_requested": "Changes requested",
    "request.asked": "The reviewers asked a question",
    "request.answered": "The question was answered",
    "request.message_sent": "Message written",
    "request.noted": "Note written",
    "request.recused": "Recused",
    "request.withdrawn": "Withdrawn",
    "request.appealed": "Appealed",
    "request.signed": "License signed",
    "request.lapsed": "Approval lapsed: the license was not signed in time",
    "grant.started": "Access granted",
    "grant.suspended": "Access suspended",
    "grant.resumed": "Access resumed",
    "grant.revoked": "Access revoked",
    "grant.closed": "Grant closed",
    "grant.extended": "End of access moved",
}
# What only staff are told.
FOR_STAFF = frozenset({"request.voted", "request.noted", "request.recused"})
VOTES = {"approve": "to approve", "reject": "to decline", "request_changes": "to ask for changes"}


@dataclass(frozen=True)
class TimelineEntry:
    """One line. kind: of the audit event. detail: a reason, a text or a version; may be empty.

    actor_label: "You" to whom the request is; otherwise a name, "Staff", "The reviewers" or "The portal".
    """

    at: datetime
    title: str
    detail: str
    actor_label: str
    kind: str


def timeline(request: Request, principal: Principal | None = None) -> list[TimelineEntry]:
    """Return what happened to the request and its grants, oldest first.

    principal: who reads. Legal staff see the votes and the names of their colleagues; the applicant, and
        everybody while it is left out, does not.
    """
    subjects = [
        f"request:{request.pk}",
        *(f"grant:{pk}" for pk in request.grants.values_list("pk", flat=True)),
    ]
    return _entries(subjects, request.applicant, principal)


def grant_timeline(grant: Grant, principal: Principal | None = None) -> list[TimelineEntry]:
    """Return what happened to one grant, oldest first. principal: as in `timeline`."""
    return _entries([f"grant:{grant.pk}"], grant.user, principal)


def _entries(subjects: list[str], holder: User, principal: Principal | None) -> list[TimelineEntry]:
    own = principal is None or principal.user == holder
    staff = principal is not None and not own and bool(policies.may_review(person(principal)))
    log = audit.trail(*subjects).filter(kind__in=TITLES)
    told = [event for event in log if _is_told(event, staff)]
    names = _names({event.by for event in told}) if staff else {}
    if own:
        names[holder.public_id] = "You"
    return [
        TimelineEntry(event.at, _title(event), _detail(event), _label(event.by, names), event.kind)
        for event in told
    ]


def _is_told(event: AuditEvent, staff: bool) -> bool:
    if event.kind in FOR_STAFF:
        return staff
    # A draft is saved often; only what made a new version is worth a line.
    return event.kind != "request.edited" or bool(event.data.get("new_version"))


def _title(event: AuditEvent) -> str:
    if event.kind == "request.voted":
        return f"Voted {VOTES.get(event.data.get('verdict', ''), '')}".rstrip()
    if event.kind == "grant.extended":
        return f"Access ends on {str(event.data.get('ends_at'))[:10]} now"
    return TITLES[event.kind]


def _detail(event: AuditEvent) -> str:
    data: dict[str, Any] = event.data
    if said := data.get("reason") or data.get("text"):
        return str(said)
    if event.kind in ("request.submitted", "request.edited", "request.license_confirmed"):
        return f"Version {data.get('version')}"
    if event.kind == "grant.started":
        return f"{data.get('release')}, until {str(data.get('ends_at'))[:10]}"
    return ""


def _label(by: str, names: dict[str, str]) -> str:
    if by == "system:votes":
        return "The reviewers"
    if by.startswith("system:"):
        return "The portal"
    return names.get(by, "Staff")


def _names(ids: Iterable[str]) -> dict[str, str]:
    return {user.public_id: user.get_full_name() for user in User.objects.filter(public_id__in=list(ids))}
