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
    SIGNED: "The license is signed and a grant is made; others of the team may still sign in time. Final.",
    LAPSED: "Approved, but nobody signed in time. Final.",
}
# What people read for each state, on every page and in every refusal.
REQUEST_WORDS = {
    DRAFT: "Draft",
    SUBMITTED: "In review",
    CHANGES_REQUESTED: "Changes requested",
    APPROVED: "Approved, not signed",
    REJECTED: "Declined",
    WITHDRAWN: "Withdrawn",
    SIGNED: "Signed",
    LAPSED: "Lapsed",
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
    CLOSED: "Ended: its holder closed it, or a later grant took its place. Final.",
}
GRANT_WORDS = {ACTIVE: "Active", SUSPENDED: "Suspended", REVOKED: "Revoked", CLOSED: "Closed out"}
LIVE_STATES = (ACTIVE, SUSPENDED)
# Begins the reason of each grant that was suspended because its holder left; by it staff find them.
AFFILIATION_ENDED = "Affiliation ended: "

APPLICANT = "applicant"  # the person whose request it is
PARTY = "party"  # the applicant, or a co-applicant who joined
ASKED = "asked"  # whoever was asked into the request, known by a verified address
SIGNER = "signer"  # who is to accept the license: the applicant, a co-applicant, the signatory
REVIEWER = "reviewer"  # a reviewer who may vote on this request
VOTES = "votes"  # nobody alone: the reviewers' votes together
STAFF = "staff"  # whoever of the staff has the capability (portal/accounts/matrix.py)
HOLDER = "holder"  # the person whose grant it is
SYSTEM = "system"  # the portal itself: a job, or a step of another action

# Who each notice goes to; its texts are licenses/templates/licenses/mail/<notice>.{subject.txt,txt}.
NOTICES = {
    "request_submitted": "the applicant",
    "review_wanted": "the reviewers",
    "review_assigned": "who gets it on their desk from somebody else",
    "review_again": "the reviewers whose votes no longer count",
    "review_nudged": "who has the request, else the reviewers",
    "changes_requested": "the applicant",
    "question_asked": "the applicant and the co-applicants who joined",
    "message_received": "the other side: those who ask for the weights, or who of staff has the request",
    "request_approved": "the applicant",
    "signature_wanted": "the co-applicants and the signatory",
    "party_invited": "the address of whoever is asked",
    "party_declined": "the applicant",
    "party_dropped": "the co-applicant",
    "request_rejected": "the applicant, and the parties who joined",
    "request_withdrawn": "the applicant, and the parties who joined",
    "request_signed": "whoever's grant starts",
    "request_lapsed": "the applicant, and the parties who joined",
    "grant_suspended": "the holder",
    "grant_resumed": "the holder",
    "grant_revoked": "the holder",
    "grant_extended": "the holder",
    "grant_closed": "the holder, and legal staff",
    "grant_ends": "the holder",
    "grant_expired": "the holder",
    "reacceptance_due": "the holder",
    "review_late": "who has the request, else the reviewers who may vote; for who is away, their stand-in",
    "signature_due": "whoever has still to accept the license",
    "reacceptance_wanted": "the holder",
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


# How a request comes by its team and its releases; none of it moves the request itself.
PARTY_TRANSITIONS: tuple[Transition, ...] = (
    *(
        Transition(state, "invite", state, APPLICANT, "request.party_invited", ("party_invited",))
        for state in (DRAFT, CHANGES_REQUESTED)
    ),
    *(
        Transition(state, "choose_releases", state, APPLICANT, "request.releases_chosen")
        for state in (DRAFT, CHANGES_REQUESTED)
    ),
    *(
        Transition(state, "remove", state, APPLICANT, "request.party_removed")
        for state in (DRAFT, CHANGES_REQUESTED)
    ),
    *(
        Transition(state, "join", state, ASKED, "request.party_joined")
        for state in (DRAFT, SUBMITTED, CHANGES_REQUESTED, APPROVED, SIGNED)
    ),
    *(
        Transition(state, "decline", state, ASKED, "request.party_declined", ("party_declined",))
        for state in (DRAFT, SUBMITTED, CHANGES_REQUESTED, APPROVED, SIGNED)
    ),
    # Signed: whom a master agreement covers has access then, and the others still wait for the signatory.
    *(
        Transition(state, "replace_signatory", state, APPLICANT, "request.party_invited", ("party_invited",))
        for state in (APPROVED, SIGNED)
    ),
    # What was decided was decided with another in that place: whom nothing confirms, staff name themselves.
    *(
        Transition(state, "name_signatory", state, STAFF, "request.party_invited", ("party_invited",))
        for state in (APPROVED, SIGNED)
    ),
)

REQUEST_TRANSITIONS: tuple[Transition, ...] = (
    *PARTY_TRANSITIONS,
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
    Transition(SUBMITTED, "assign", SUBMITTED, STAFF, "request.assigned", ("review_assigned",)),
    Transition(SUBMITTED, "ask", SUBMITTED, STAFF, "request.asked", ("question_asked",)),
    Transition(SUBMITTED, "answer", SUBMITTED, PARTY, "request.answered", ("message_received",)),
    Transition(
        SUBMITTED,
        "approve",
        APPROVED,
        VOTES,
        "request.approved",
        ("request_approved", "signature_wanted"),
    ),
    Transition(SUBMITTED, "nudge", SUBMITTED, APPLICANT, "request.nudged", ("review_nudged",)),
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
    Transition(APPROVED, "sign", SIGNED, SIGNER, "request.signed", ("request_signed",)),
    Transition(APPROVED, "accept", APPROVED, SIGNER, "request.accepted"),
    Transition(SIGNED, "accept", SIGNED, SIGNER, "request.accepted", ("request_signed",)),
    Transition(SIGNED, "drop", SIGNED, SYSTEM, "request.party_dropped", ("party_dropped",)),
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
    *(
        Transition(
            state,
            "want_reacceptance",
            state,
            SYSTEM,
            "grant.reacceptance_wanted",
            ("reacceptance_wanted",),
        )
        for state in (ACTIVE, SUSPENDED)
    ),
    Transition(ACTIVE, "reaccept", ACTIVE, HOLDER, "grant.reaccepted"),
    *(
        Transition(state, "expire", state, SYSTEM, "grant.expired", ("grant_expired",))
        for state in (ACTIVE, SUSPENDED)
    ),
    Transition(ACTIVE, "end_affiliation", SUSPENDED, SYSTEM, "grant.suspended", ("grant_suspended",)),
    *(
        Transition(state, "hold", SUSPENDED, SYSTEM, "grant.suspended", ("grant_suspended",))
        for state in (ACTIVE, SUSPENDED)
    ),
    Transition(ACTIVE, "keep", ACTIVE, SYSTEM, "grant.kept"),
    *(
        Transition(state, "close", CLOSED, HOLDER, "grant.closed", ("grant_closed",))
        for state in (ACTIVE, SUSPENDED)
    ),
    Transition(ACTIVE, "replace", CLOSED, SYSTEM, "grant.closed"),
    Transition(SUSPENDED, "replace", CLOSED, SYSTEM, "grant.closed"),
)


@dataclass(frozen=True)
class TimeNotice:
    """A mail that time brings and that moves nothing. about: of what. due: when, in words."""

    about: str
    due: str
    notice: str


TIME_NOTICES: tuple[TimeNotice, ...] = (
    TimeNotice("grant", "60, 30 and 7 days before its end", "grant_ends"),
    TimeNotice(
        "grant",
        "30, 7 and 1 days before a newer license must be accepted, and on that day",
        "reacceptance_due",
    ),
    TimeNotice("request", "after each REVIEW_TARGET_DAYS in review without a decision", "review_late"),
    TimeNotice("request", "7 days before an approval that is not signed lapses", "signature_due"),
)

TRANSITIONS = {"request": REQUEST_TRANSITIONS, "grant": GRANT_TRANSITIONS}


def find(table: tuple[Transition, ...], source: str, action: str) -> Transition | None:
    """Return the row of `action` from `source`, or None where the table has none."""
    return next((row for row in table if row.source == source and row.action == action), None)
