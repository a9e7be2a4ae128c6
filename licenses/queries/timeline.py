"""What happened to a request and its grants, in plain words, read from the audit log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from licenses import policies
from licenses.models import Grant, Request
from licenses.queries.facts import person
from portal.accounts.models import User
from portal.accounts.principals import Principal
from portal.core import audit, times
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
    "request.assigned": "Put on a colleague's desk",
    "request.asked": "The reviewers asked a question",
    "request.answered": "The question was answered",
    "request.message_sent": "Message written",
    "request.noted": "Note written",
    "request.recused": "Recused",
    "request.withdrawn": "Withdrawn",
    "request.nudged": "Asked how it stands",
    "request.appealed": "Appealed",
    "request.releases_chosen": "Releases chosen",
    "request.party_invited": "Asked to take part",
    "request.party_joined": "Takes part",
    "request.party_declined": "Declined to take part",
    "request.party_removed": "Taken out of the team",
    "request.party_dropped": "No longer in the team: the license was not accepted in time, or need not be",
    "request.accepted": "License accepted",
    "request.signed": "License signed",
    "request.lapsed": "Approval lapsed: the license was not signed in time",
    "grant.started": "Access granted",
    "grant.suspended": "Access suspended",
    "grant.resumed": "Access resumed",
    "grant.revoked": "Access revoked",
    "grant.closed": "Grant closed",
    "grant.certified": "Destruction of the copies certified",
    "grant.extended": "End of access moved",
    "grant.expired": "Access ended: its time was over",
    "grant.reacceptance_wanted": "A new license version has to be accepted",
    "grant.reaccepted": "New license version accepted",
    "grant.kept": "Affiliation ended; the grant stays",
}
# Decisions, and what became of a grant: a proof of it stands beside the line.
PROVED = frozenset(
    {
        "request.approved",
        "request.rejected",
        "request.changes_requested",
        "request.signed",
        "grant.started",
        "grant.suspended",
        "grant.resumed",
        "grant.revoked",
        "grant.closed",
        "grant.extended",
    }
)
# What only staff are told.
FOR_STAFF = frozenset({"request.voted", "request.assigned", "request.noted", "request.recused"})
VOTES = {"approve": "to approve", "reject": "to decline", "request_changes": "to ask for changes"}


# Of who did it, where that is a person: read with the events.
_NAME = Subquery(
    User.objects.filter(public_id=OuterRef("by")).values(
        name=Coalesce(NullIf("full_name", Value("")), "email", output_field=CharField())
    )[:1]
)


@dataclass(frozen=True)
class TimelineEntry:
    """One line. kind: of the audit event. detail: a reason, a text or a version; may be empty.

    actor_label: "You" for what the reader did; otherwise a name, "Staff", "The reviewers" or "The portal".
    proof: number of the event, where it is a decision or of a grant of the reader; else None.
    """

    at: datetime
    title: str
    detail: str
    actor_label: str
    kind: str
    proof: int | None = None


def timeline(request: Request, principal: Principal | None = None) -> list[TimelineEntry]:
    """Return what happened to the request and its grants, oldest first.

    principal: who reads; left out, the applicant. Legal staff see the votes and the names of their
        colleagues; those who stand in the request see the names of each other alone, and of each other's
        grants what happened, not why.
    """
    parties = list(request.parties.select_related("user"))
    grants = list(request.grants.select_related("user"))
    subjects = [f"request:{request.pk}", *(f"grant:{grant.pk}" for grant in grants)]
    about = {party.pk: f"{party.full_name}, {party.get_role_display().lower()}" for party in parties}
    if parties:
        about |= {f"grant:{grant.pk}": grant.user.get_full_name() for grant in grants}
    people = [request.applicant, *(party.user for party in parties if party.user is not None)]
    reader = request.applicant if principal is None else principal.user
    others = frozenset(f"grant:{grant.pk}" for grant in grants if grant.user != reader)
    if request.appealed:
        versions = request.versions.filter(submitted_at__isnull=False)
        about |= {_appeal(version.number): version.appeal for version in versions}
    return _entries(subjects, people, principal, about, others)


def staff_timeline(
    request: Request, principal: Principal, grants: Iterable[Grant], about: dict[str, str]
) -> list[TimelineEntry]:
    """Return the same to legal staff, where the grants of the request and what to call its parties are known
    already: in one query."""
    subjects = [f"request:{request.pk}", *(f"grant:{grant.pk}" for grant in grants)]
    return _entries(subjects, [request.applicant], principal, about)


def grant_timeline(grant: Grant, principal: Principal | None = None) -> list[TimelineEntry]:
    """Return what happened to one grant, oldest first. principal: as in `timeline`."""
    return _entries([f"grant:{grant.pk}"], [grant.user], principal, {})


def _entries(
    subjects: list[str],
    people: list[User],
    principal: Principal | None,
    about: dict[str, str],
    others: frozenset[str] = frozenset(),
) -> list[TimelineEntry]:
    """people: those whose the thing is, the applicant or holder first. about: what to call a party, by its
    id, whose a grant is, by its subject, and the words of an appeal. others: the subjects of grants that are
    not the reader's, of which only staff read the reasons."""
    reader = people[0] if principal is None else principal.user
    staff = principal is not None and reader not in people and bool(policies.may_review(person(principal)))
    log = audit.trail(*subjects).filter(kind__in=TITLES).annotate(name=_NAME)
    told = [event for event in audit.telling(log, "reason") if _is_told(event, staff)]
    names = {event.by: str(event.name) for event in told if event.name} if staff else {}
    names |= {user.public_id: user.get_full_name() for user in people}
    if reader in people:
        names[reader.public_id] = "You"
    return [
        TimelineEntry(
            event.at,
            _title(event),
            _detail(event, about, why=staff or event.subject not in others),
            _label(event.kind, event.by, names),
            event.kind,
            event.pk if event.kind in PROVED and event.subject not in others else None,
        )
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
    if event.kind == "request.assigned" and event.data.get("to") in (None, event.by):
        return "Taken on" if event.data["to"] else "Taken from the desk"
    if event.kind == "grant.extended":
        return f"Access ends on {_day(event.data.get('ends_at'))} now"
    return TITLES[event.kind]


def _appeal(version: int) -> str:
    return f"appeal:{version}"


def _detail(event: AuditEvent, about: dict[str, str], *, why: bool) -> str:
    data: dict[str, Any] = event.data
    if event.kind.startswith("request.party_"):
        return about.get(str(data.get("party")), "")
    if why and (said := audit.wording(event, "reason")):
        return said
    if event.kind == "request.appealed":
        return about.get(_appeal(data["version"]), "")
    if event.kind in ("request.submitted", "request.edited", "request.license_confirmed"):
        return f"Version {data.get('version')}"
    if event.kind == "request.releases_chosen":
        return ", ".join(data.get("releases", []))
    if event.kind == "grant.started":
        whose = [about[event.subject]] if event.subject in about else []
        return ", ".join([*whose, str(data.get("release")), f"until {_day(data.get('ends_at'))}"])
    return ""


def _day(moment: object) -> str:
    """moment: as the audit log keeps it, in ISO 8601."""
    return times.day(datetime.fromisoformat(str(moment)))


def _label(kind: str, by: str, names: dict[str, str]) -> str:
    if by == "system:votes":
        return "The reviewers"
    if by.startswith("system:"):
        return "The portal"
    if kind == "request.party_declined":
        # Who never joined is named where they were asked in, beside this.
        return names.get(by, "Who was asked")
    # Those who read a request go by one name, here as in its messages; a grant is changed by other staff too.
    return names.get(by, "The reviewers" if kind.startswith("request.") else "Staff")
