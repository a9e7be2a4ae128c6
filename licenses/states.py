"""The life of a request and of a grant, as data.

The tables say what may happen: nothing else moves a state. `policies.py` reads "who", the actions read
"audit" and "notice", and docs/reference/states.md is generated from them (`manage.py statemachine`).
"""

from dataclasses import dataclass

NEW = ""  # the source of a transition that makes the thing

DRAFT = "draft"
SUBMITTED = "submitted"
CHANGES_REQUESTED = "changes_requested"
APPROVED = "approved"
REJECTED = "rejected"
WITHDRAWN = "withdrawn"
SIGNED = "signed"
LAPSED = "lapsed"

REQUEST_STATES = {
    DRAFT: "Being written; nobody but the applicant sees it.",
    SUBMITTED: "With the reviewers.",
    CHANGES_REQUESTED: "Back with the applicant, who was asked to change or explain something.",
    APPROVED: "Decided in the applicant's favor; the license waits for a signature.",
    REJECTED: "Declined, with a reason; one appeal is possible.",
    WITHDRAWN: "Taken back by the applicant. Final.",
    SIGNED: "The license is signed and the grants are made. Final.",
    LAPSED: "Approved, but nobody signed in time. Final.",
}
OPEN_STATES = (DRAFT, SUBMITTED, CHANGES_REQUESTED, APPROVED)

ACTIVE = "active"
SUSPENDED = "suspended"
REVOKED = "revoked"
CLOSED = "closed"

GRANT_STATES = {
    ACTIVE: "Opens the release from its start to its end.",
    SUSPENDED: "On hold; can be resumed.",
    REVOKED: "Taken away for good, with a reason. Final.",
    CLOSED: "Ended: a later grant took its place. Final.",
}
LIVE_STATES = (ACTIVE, SUSPENDED)

APPLICANT = "applicant"  # the person whose request it is
PARTY = "party"  # the applicant, or a co-applicant who joined
REVIEWER = "reviewer"  # a reviewer who may vote on this request
VOTES = "votes"  # nobody alone: the reviewers' votes together
STAFF = "staff"  # a reviewer or an administrator
SYSTEM = "system"  # the portal itself: a job, or a step of another action

# Who each notice goes to; its texts are licenses/templates/licenses/mail/<notice>.{subject.txt,txt}.
NOTICES = {
    "request_submitted": "the applicant",
    "review_wanted": "the reviewers",
    "review_again": "the reviewers whose votes no longer count",
    "changes_requested": "the applicant",
    "question_asked": "the applicant and the co-applicants who joined",
    "message_received": "the other side: those who ask for the weights, or who of staff has the request",
    "request_approved": "the applicant",
    "request_rejected": "the applicant",
    "request_withdrawn": "the applicant",
    "request_signed": "the applicant",
    "request_lapsed": "the applicant",
    "grant_suspended": "the holder",
    "grant_resumed": "the holder",
    "grant_revoked": "the holder",
    "grant_extended": "the holder",
}


@dataclass(frozen=True)
class Transition:
    """One row: from `source`, `action` leads to `target`.

    who: who may do it (a word above). audit: kind of the audit event written. notice: mails sent.
    """

    source: str
    action: str
    target: str
    who: str
    audit: str
    notice: tuple[str, ...] = ()


REQUEST_TRANSITIONS: tuple[Transition, ...] = (
    Transition(NEW, "draft", DRAFT, APPLICANT, "request.drafted"),
    Transition(DRAFT, "edit", DRAFT, APPLICANT, "request.edited"),
    Transition(
        DRAFT, "submit", SUBMITTED, APPLICANT, "request.submitted", ("request_submitted", "review_wanted")
    ),
    Transition(DRAFT, "withdraw", WITHDRAWN, APPLICANT, "request.withdrawn", ("request_withdrawn",)),
    Transition(SUBMITTED, "edit", SUBMITTED, APPLICANT, "request.edited", ("review_again",)),
    Transition(
        SUBMITTED, "confirm_license", SUBMITTED, APPLICANT, "request.license_confirmed", ("review_again",)
    ),
    Transition(SUBMITTED, "vote", SUBMITTED, REVIEWER, "request.voted"),
    Transition(SUBMITTED, "approve", APPROVED, VOTES, "request.approved", ("request_approved",)),
    Transition(SUBMITTED, "ask", SUBMITTED, STAFF, "request.asked", ("question_asked",)),
    Transition(SUBMITTED, "answer", SUBMITTED, PARTY, "request.answered", ("message_received",)),
    Transition(SUBMITTED, "reject", REJECTED, VOTES, "request.rejected", ("request_rejected",)),
    Transition(
        SUBMITTED,
        "request_changes",
        CHANGES_REQUESTED,
        VOTES,
        "request.changes_requested",
        ("changes_requested",),
    ),
    Transition(SUBMITTED, "withdraw", WITHDRAWN, APPLICANT, "request.withdrawn", ("request_withdrawn",)),
    Transition(CHANGES_REQUESTED, "edit", CHANGES_REQUESTED, APPLICANT, "request.edited"),
    Transition(
        CHANGES_REQUESTED,
        "submit",
        SUBMITTED,
        APPLICANT,
        "request.submitted",
        ("request_submitted", "review_wanted"),
    ),
    Transition(
        CHANGES_REQUESTED, "withdraw", WITHDRAWN, APPLICANT, "request.withdrawn", ("request_withdrawn",)
    ),
    Transition(APPROVED, "sign", SIGNED, APPLICANT, "request.signed", ("request_signed",)),
    Transition(APPROVED, "lapse", LAPSED, SYSTEM, "request.lapsed", ("request_lapsed",)),
    Transition(APPROVED, "withdraw", WITHDRAWN, APPLICANT, "request.withdrawn", ("request_withdrawn",)),
    Transition(
        REJECTED, "appeal", SUBMITTED, APPLICANT, "request.appealed", ("request_submitted", "review_wanted")
    ),
)

GRANT_TRANSITIONS: tuple[Transition, ...] = (
    Transition(NEW, "start", ACTIVE, SYSTEM, "grant.started"),
    Transition(ACTIVE, "suspend", SUSPENDED, STAFF, "grant.suspended", ("grant_suspended",)),
    Transition(SUSPENDED, "resume", ACTIVE, STAFF, "grant.resumed", ("grant_resumed",)),
    Transition(ACTIVE, "extend", ACTIVE, STAFF, "grant.extended", ("grant_extended",)),
    Transition(SUSPENDED, "extend", SUSPENDED, STAFF, "grant.extended", ("grant_extended",)),
    Transition(ACTIVE, "revoke", REVOKED, STAFF, "grant.revoked", ("grant_revoked",)),
    Transition(SUSPENDED, "revoke", REVOKED, STAFF, "grant.revoked", ("grant_revoked",)),
    Transition(ACTIVE, "replace", CLOSED, SYSTEM, "grant.closed"),
    Transition(SUSPENDED, "replace", CLOSED, SYSTEM, "grant.closed"),
)


TRANSITIONS = {"request": REQUEST_TRANSITIONS, "grant": GRANT_TRANSITIONS}


def find(table: tuple[Transition, ...], source: str, action: str) -> Transition | None:
    """Return the row of `action` from `source`, or None where the table has none."""
    return next((row for row in table if row.source == source and row.action == action), None)
