"""One invented request with all that its life so far left behind: versions, votes, decisions, grants, log.

The rows agree with the transition tables as the actions would have left them; they are written without the
actions, and so without mails, because a hundred thousand of them are.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model

from licenses import search, states
from licenses.models import (
    Acceptance,
    Decision,
    Grant,
    LicenseVersion,
    Message,
    ReleaseTerms,
    Request,
    RequestVersion,
    Vote,
)
from licenses.models.requests import RequestedRelease
from portal.accounts.models import User
from portal.core import audit
from portal.core.models import AuditDisclosure, AuditEvent
from portal.demo.crowd.words import QUESTIONS, REASONS, made_id, purpose

# In the order in which the database wants them.
TABLES: tuple[type[Model], ...] = (
    Request, RequestedRelease, RequestVersion, Vote, Decision, Message, Acceptance, Grant, AuditEvent,
)  # fmt: skip
DECIDED = frozenset({states.APPROVED, states.REJECTED, states.SIGNED, states.LAPSED})
VERDICT_OF = {
    states.APPROVED: ("approve", "approved"),
    states.SIGNED: ("approve", "approved"),
    states.LAPSED: ("approve", "approved"),
    states.REJECTED: ("reject", "rejected"),
    states.CHANGES_REQUESTED: ("request_changes", "changes_requested"),
}


@dataclass
class Batch:
    """Rows to be written together, by table."""

    rows: dict[type[Model], list[Any]] = field(default_factory=lambda: {table: [] for table in TABLES})
    private: list[tuple[AuditEvent, list[AuditDisclosure]]] = field(default_factory=list)

    def add(self, row: Any) -> None:
        self.rows[type(row)].append(row)

    def write(self) -> None:
        self.rows[AuditEvent].sort(key=lambda event: event.at)
        for table, rows in self.rows.items():
            table._default_manager.bulk_create(rows, batch_size=2_000)
        opened = [row for event, rows in self.private for row in _of(event, rows)]
        AuditDisclosure.objects.bulk_create(opened, batch_size=2_000)


@dataclass
class Trail:
    """Lays one request into a batch. at: when it was begun; everything after lies before `now`."""

    batch: Batch
    rng: random.Random
    applicant: User
    terms: ReleaseTerms
    license: LicenseVersion
    reviewers: Sequence[User]
    now: datetime
    at: datetime
    renews: str = ""

    def lay(self, state: str) -> str:
        """Bring the request to `state` and return its id."""
        self.request = Request(
            id=made_id(self.rng, "req"),
            applicant=self.applicant,
            created_at=self.at,
            updated_at=self.at,
            renews_id=self.renews or None,
        )
        self.batch.add(self.request)
        self._tell("drafted", self.applicant.public_id, releases=[self.terms.release.slug])
        self.answers = {
            "purpose": purpose(self.rng),
            "role": self.rng.choice(["Student", "Researcher"]),
            "noncommercial": True,
        }
        self._life(state)
        self._close(state)
        return self.request.pk

    def _life(self, state: str) -> None:
        if state == states.DRAFT:
            self._version(1, submitted=False)
            return
        self._submit()
        if state == states.SUBMITTED:
            self._in_review()
        elif state == states.WITHDRAWN:
            self._later(3)
            self._tell("withdrawn", self.applicant.public_id, **{"from": states.SUBMITTED})
        elif state in VERDICT_OF:
            self._decide(*VERDICT_OF[state])
        if state == states.SIGNED:
            self._sign()
        elif state == states.LAPSED:
            self._later(30)
            self._tell("lapsed", "system:lapse")

    def _close(self, state: str) -> None:
        request = self.request
        request.state, request.updated_at = state, self.at
        self.batch.add(
            RequestedRelease(
                request=request,
                release=self.terms.release,
                applicant=self.applicant,
                open=state in states.OPEN_STATES,
            )
        )
        if request.submitted_at is not None:
            request.search_text = search.joined(self._pieces())

    def _pieces(self) -> list[str]:
        home = self.applicant.organization
        release = self.terms.release
        said = [str(answer) for answer in self.answers.values() if isinstance(answer, str)]
        who = [self.applicant.full_name, self.applicant.email, home.name if home else ""]
        return [self.request.pk, *who, release.title, release.slug, *said]

    def _submit(self) -> None:
        request = self.request
        self._later(1)
        self._version(request.version, submitted=True)
        request.license_version, request.quorum, request.grant_days = self.license, self.terms.quorum, 365
        request.submitted_at = self.at
        home = self.applicant.organization
        request.organization = home if home and home.has_domain_of(self.applicant.email) else None
        self._tell("submitted", self.applicant.public_id, license=self.license.pk, quorum=self.terms.quorum)

    def _in_review(self) -> None:
        """Some have a vote, few are split or appealed; some are on a desk or wait for an answer."""
        luck = self.rng.random()
        if luck < 0.03:
            self._appeal()
            return
        if luck < 0.35:
            first, second = self._two()
            self._vote(first, "approve")
            if luck < 0.06:
                self._vote(second, "reject", self.rng.choice(REASONS))
                self.request.split = True
        if self.rng.random() < 0.3:
            self._assign()
        if self.rng.random() < 0.06:
            self._ask()

    def _appeal(self) -> None:
        self._decide("reject", "rejected")
        request = self.request
        request.version, request.appeal_version, request.decided_at = 2, 2, None
        self._later(2)
        self._version(2, submitted=True, appeal="The purpose was misread: nothing commercial comes of it.")
        request.submitted_at = self.at
        self._tell("appealed", self.applicant.public_id)

    def _assign(self) -> None:
        self.request.assignee = self.rng.choice(self.reviewers)
        self._later(0.5)
        self.request.assigned_at = self.at
        self._tell("assigned", "system:seed_requests", to=self.request.assignee.public_id)

    def _ask(self) -> None:
        asker = self.rng.choice(self.reviewers)
        self._later(0.5)
        message = Message(
            id=made_id(self.rng, "msg"),
            request=self.request,
            author=asker,
            kind="message",
            by_staff=True,
            asks=True,
            text=self.rng.choice(QUESTIONS),
            at=self.at,
        )
        self.batch.add(message)
        self.request.asked_at = self.at
        self._tell("asked", asker.public_id, message=message.pk)

    def _decide(self, verdict: str, outcome: str) -> None:
        reason = self.rng.choice(REASONS) if verdict != "approve" else ""
        voters = self._two()[: 1 if verdict == "request_changes" else 2]
        for voter in voters:
            self._vote(voter, verdict, reason)
        votes = [{"reviewer": voter.public_id, "verdict": verdict} for voter in voters]
        self.batch.add(
            Decision(
                request=self.request,
                version=self.request.version,
                outcome=outcome,
                reason=reason,
                votes=votes,
                at=self.at,
            )
        )
        if verdict != "request_changes":
            self.request.decided_at = self.at
        self._tell(outcome, "system:votes", reason, votes=votes)

    def _sign(self) -> None:
        self._later(4)
        grant = Grant(
            id=made_id(self.rng, "grt"),
            request=self.request,
            user=self.applicant,
            release=self.terms.release,
            license_version=self.license,
            state_at=self.at,
            starts_at=self.at,
            ends_at=self.at + timedelta(days=365),
            organization=self.request.organization,
        )
        self.batch.add(
            Acceptance(
                request=self.request,
                user=self.applicant,
                license_version=self.license,
                sha256=self.license.sha256,
                typed_name=self.applicant.full_name,
                how="session",
                at=self.at,
            )
        )
        self.batch.add(grant)
        self._tell("signed", self.applicant.public_id, license=self.license.pk)
        about = {"release": self.terms.release.slug, "ends_at": grant.ends_at.isoformat()}
        self._log("grant.started", "system:sign", f"grant:{grant.pk}", request=self.request.pk, **about)
        if self.rng.random() < 0.03:
            self._revoke(grant)

    def _revoke(self, grant: Grant) -> None:
        self._later(30)
        grant.state, grant.state_at, grant.state_reason = states.REVOKED, self.at, "Shared with others."
        by = self.rng.choice(self.reviewers).public_id
        self._log("grant.revoked", by, f"grant:{grant.pk}", grant.state_reason, request=self.request.pk)

    def _version(self, number: int, *, submitted: bool, appeal: str = "") -> None:
        known = {"license_version": self.license, "license_sha256": self.license.sha256}
        self.batch.add(
            RequestVersion(
                request=self.request,
                number=number,
                answers=self.answers,
                questions=self.terms.questions,
                appeal=appeal,
                created_at=self.at,
                submitted_at=self.at if submitted else None,
                **(known if submitted else {}),
            )
        )

    def _vote(self, voter: User, verdict: str, reason: str = "") -> None:
        self._later(2)
        self.batch.add(
            Vote(
                request=self.request,
                version=self.request.version,
                reviewer=voter,
                verdict=verdict,
                reason=reason,
                at=self.at,
            )
        )
        self._tell("voted", voter.public_id, reason, verdict=verdict)

    def _two(self) -> list[User]:
        return self.rng.sample(list(self.reviewers), 2)

    def _later(self, days: float) -> None:
        """Some time on, never beyond now."""
        self.at = min(self.at + timedelta(days=days * self.rng.random()), self.now)

    def _tell(self, what: str, by: str, reason: str = "", **data: Any) -> None:
        version = self.request.version
        self._log(f"request.{what}", by, f"request:{self.request.pk}", reason, version=version, **data)

    def _log(self, kind: str, by: str, subject: str, reason: str = "", **data: Any) -> None:
        hidden = {"reason": reason} if reason else {}
        salts = {name: self.rng.randbytes(audit.SALT_BYTES) for name in hidden}
        said = {**data, **audit.commitments(hidden, salts)}
        event = AuditEvent(kind=kind, by=by, subject=subject, at=self.at, data=said)
        self.batch.add(event)
        if hidden:
            opened = audit.disclosures(0, hidden, salts, self.applicant.public_id)
            self.batch.private.append((event, opened))


def _of(event: AuditEvent, rows: list[AuditDisclosure]) -> list[AuditDisclosure]:
    """The rows with the number that the event has, now that it is written."""
    for row in rows:
        row.event = event.pk
    return rows
