"""Who may call what: for each method of each address, the status that each role is answered with.

The thing that is addressed belongs to the owner. A row that changes something names its audit event.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.integration.api import arranging
from tests.integration.api.world import ANSWERS, World

# A token of the owner with that scope alone; the others are browser sessions.
ROLES = (
    "nobody", "read", "requests", "download", "owner", "other",
    "reviewer", "legal", "manager", "auditor", "admin",
)  # fmt: skip
# The scope by which a token acts with the role of its owner; without it, and in every other, with none.
CARRIED_BY = {"reviewer": "review", "legal": "review", "auditor": "review", "manager": "publish"}


@dataclass(frozen=True)
class Row:
    """What one method of one address answers to each role, in the order of ROLES.

    arrange: makes what the row needs; returns the address's ids and, for some, a body.
    audit: kind of the event that a call of `caller` leaves; empty where nothing changes.
    scope: that of the staff which opens it to tokens; the researchers' scopes have their columns.
    as_token: what tokens of some roles are answered where their browsers are answered another status.
    """

    statuses: tuple[int, ...]
    arrange: Callable[[World], dict[str, str]] = lambda world: {}
    body: Callable[[World, dict[str, str]], dict[str, Any]] = lambda world, ids: {}
    audit: str = ""
    caller: str = "owner"
    scope: str = ""
    as_token: Mapping[str, int] = field(default_factory=dict)

    def to(self, role: str) -> int:
        """The status for one of ROLES; who speaks for the owner's organization is as anybody else here."""
        return self.statuses[ROLES.index("other" if role == "speaker" else role)]

    def to_token(self, role: str, scopes: Collection[str]) -> int:
        """The status for a token, personal or a device's, with these scopes, of the person in that column."""
        opening = {scope for scope in ("read", "requests", "download") if self.to(scope) != 403}
        if len(opening) < 3 and not {*opening, self.scope} & set(scopes):
            return 403
        acts_as = role if role == "owner" or CARRIED_BY.get(role) in scopes else "other"
        return self.as_token.get(acts_as, self.to(acts_as))


MATRIX: dict[tuple[str, str], Row] = {
    #                                nobody read reqs down owner other review legal manager auditor admin
    ("api-schema", "GET"): Row((200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)),
    ("api-trust", "GET"): Row((200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)),
    ("api-successions", "GET"): Row((200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)),
    ("api-me", "GET"): Row((401, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)),
    ("api-my-token", "DELETE"): Row(
        (401, 204, 204, 204, 404, 404, 404, 404, 404, 404, 404),
        audit="token.ended",
        caller="read",
        as_token=dict.fromkeys(ROLES, 204),
    ),
    ("api-releases", "GET"): Row((200, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200)),
    ("api-release", "GET"): Row(
        (200, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200), arrange=lambda world: {"slug": "opt-175b"}
    ),
    ("api-head", "GET"): Row(
        (200, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200), arrange=lambda world: {"slug": "opt-175b"}
    ),
    ("api-revisions", "GET"): Row(
        (401, 403, 403, 403, 403, 403, 403, 403, 200, 200, 403),
        arrange=lambda world: {"slug": "opt-175b"},
        scope="publish",
    ),
    ("api-moves", "POST"): Row(
        (401, 403, 403, 403, 403, 403, 403, 403, 202, 403, 403),
        arrange=lambda world: {"revision_id": world.revision.pk},
        body=lambda world, ids: {"move": "quarantine", "reason": "A file is wrong."},
        audit="pending.proposed",
        caller="manager",
        scope="publish",
    ),
    ("api-license", "GET"): Row(
        (200, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200),
        arrange=lambda world: {"license_id": world.license.pk},
    ),
    ("api-requests", "GET"): Row((401, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200)),
    ("api-requests", "POST"): Row(
        (401, 403, 201, 403, 201, 201, 201, 201, 201, 201, 201),
        body=lambda world, ids: {"release": "opt-175b", "answers": ANSWERS},
        audit="request.drafted",
    ),
    ("api-request", "GET"): Row(
        (401, 200, 403, 403, 200, 404, 200, 200, 404, 200, 404), arrange=arranging.of_request(World.submitted)
    ),
    ("api-request", "PATCH"): Row(
        (401, 403, 200, 403, 200, 404, 403, 403, 404, 403, 404),
        arrange=arranging.of_request(World.submitted),
        body=lambda world, ids: {"answers": {"purpose": "Another."}},
        audit="request.edited",
    ),
    ("api-submit", "POST"): Row(
        (401, 403, 200, 403, 200, 404, 404, 404, 404, 404, 404),
        arrange=arranging.of_request(World.draft),
        body=lambda world, ids: {"license_sha256": world.license.sha256},
        audit="request.submitted",
    ),
    ("api-withdraw", "POST"): Row(
        (401, 403, 200, 403, 200, 404, 403, 403, 404, 403, 404),
        arrange=arranging.of_request(World.submitted),
        audit="request.withdrawn",
    ),
    ("api-nudge", "POST"): Row(
        (401, 403, 200, 403, 200, 404, 403, 403, 404, 403, 404),
        arrange=arranging.of_request(World.overdue),
        audit="request.nudged",
    ),
    ("api-renew", "POST"): Row(
        (401, 403, 201, 403, 201, 404, 403, 403, 404, 403, 404),
        arrange=lambda world: {"grant_id": world.ending().pk},
        audit="request.drafted",
    ),
    ("api-appeal", "POST"): Row(
        (401, 403, 200, 403, 200, 404, 403, 403, 404, 403, 404),
        arrange=arranging.of_request(lambda world: world.decided("reject")),
        body=lambda world, ids: {"text": "Please look again."},
        audit="request.appealed",
    ),
    ("api-sign", "POST"): Row(
        (401, 403, 202, 403, 202, 404, 403, 403, 404, 403, 404),
        arrange=arranging.of_request(lambda world: world.decided("approve")),
        audit="pending.proposed",
    ),
    ("api-messages", "GET"): Row(
        (401, 200, 403, 403, 200, 404, 200, 200, 404, 200, 404), arrange=arranging.of_request(World.submitted)
    ),
    ("api-messages", "POST"): Row(
        (401, 403, 201, 403, 201, 404, 201, 201, 404, 403, 404),
        arrange=arranging.of_request(World.submitted),
        body=lambda world, ids: {"text": "Is anything missing?"},
        as_token={"reviewer": 403, "legal": 403},
        audit="request.message_sent",
    ),
    ("api-parties", "POST"): Row(
        (401, 403, 201, 403, 201, 404, 404, 404, 404, 404, 404),
        arrange=arranging.of_request(World.draft),
        body=lambda world, ids: {"role": "co_applicant", "email": "cleo@example.org", "full_name": "Cleo"},
        audit="request.party_invited",
    ),
    ("api-party", "DELETE"): Row(
        (401, 403, 200, 403, 200, 404, 404, 404, 404, 404, 404),
        arrange=arranging.a_party,
        audit="request.party_removed",
    ),
    ("api-votes", "POST"): Row(
        (401, 403, 403, 403, 403, 404, 200, 200, 404, 403, 404),
        arrange=arranging.of_request(World.submitted),
        body=lambda world, ids: {"version": 1, "verdict": "approve"},
        audit="request.voted",
        caller="reviewer",
        scope="review",
        as_token={"reviewer": 202, "legal": 202},
    ),
    ("api-grants", "GET"): Row((401, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200)),
    ("api-grant", "GET"): Row(
        (401, 200, 403, 403, 200, 404, 200, 200, 404, 200, 404), arrange=arranging.a_grant
    ),
    ("api-reaccept", "POST"): Row(
        (401, 403, 202, 403, 202, 404, 404, 404, 404, 404, 404),
        arrange=arranging.grant_to_reaccept,
        audit="pending.proposed",
    ),
    ("api-manifest", "GET"): Row(
        (401, 403, 403, 200, 200, 404, 403, 403, 404, 403, 404),
        arrange=arranging.a_grant,
        audit="manifest.issued",
    ),
    ("api-headers", "POST"): Row(
        (401, 403, 403, 200, 200, 404, 404, 404, 404, 404, 404),
        arrange=arranging.grant_and_key,
        body=lambda world, ids: {**arranging.files(world, ids), "key": ids["key"]},
        audit="headers.issued",
    ),
    ("api-urls", "POST"): Row(
        (401, 403, 403, 200, 200, 404, 403, 403, 404, 403, 404),
        arrange=arranging.a_grant,
        body=arranging.files,
        audit="urls.issued",
    ),
    ("api-agreement", "GET"): Row(
        (401, 200, 403, 403, 200, 404, 200, 200, 404, 200, 404), arrange=arranging.with_document
    ),
    ("api-close-out", "POST"): Row(
        (401, 403, 202, 403, 202, 404, 404, 404, 404, 404, 404),
        arrange=arranging.a_grant,
        body=arranging.shredded,
        audit="pending.proposed",
    ),
    ("api-receipts", "POST"): Row(
        (401, 403, 403, 201, 201, 404, 404, 404, 404, 404, 404),
        arrange=arranging.downloaded,
        body=arranging.receipt,
        audit="download.completed",
    ),
    ("api-audit", "GET"): Row(
        (401, 403, 403, 403, 403, 403, 403, 200, 403, 200, 200), arrange=arranging.proved
    ),
    ("api-audit-event", "GET"): Row(
        (401, 403, 403, 403, 403, 403, 403, 200, 403, 200, 200), arrange=arranging.proved
    ),
    ("api-audit-proof", "GET"): Row(
        (401, 200, 403, 403, 200, 404, 200, 200, 404, 200, 200), arrange=arranging.proved
    ),
    ("api-audit-checkpoint", "GET"): Row(
        (401, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200), arrange=arranging.signed_log
    ),
    ("api-audit-consistency", "GET"): Row(
        (401, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200), arrange=arranging.signed_log
    ),
    ("api-ledger", "GET"): Row(
        (401, 403, 403, 403, 403, 403, 403, 403, 200, 200, 403), arrange=arranging.downloaded
    ),
    ("api-ledger-csv", "GET"): Row(
        (401, 403, 403, 403, 403, 403, 403, 403, 200, 403, 403), arrange=arranging.exported("ledger")
    ),
    ("api-queue-csv", "GET"): Row(
        (401, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403), arrange=arranging.exported("queue")
    ),
    ("api-audit-ndjson", "GET"): Row(
        (401, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403), arrange=arranging.exported("audit")
    ),
    ("api-keys", "GET"): Row((401, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200)),
    ("api-keys", "POST"): Row(
        (401, 403, 403, 201, 201, 201, 201, 201, 201, 201, 201),
        body=arranging.new_key,
        audit="key.challenged",
    ),
    ("api-key", "GET"): Row((401, 200, 403, 403, 200, 404, 404, 404, 404, 404, 404), arrange=arranging.a_key),
    ("api-key", "DELETE"): Row(
        (401, 403, 403, 202, 202, 404, 404, 404, 404, 404, 404),
        arrange=arranging.a_key,
        audit="pending.proposed",
    ),
    ("api-key-proof", "POST"): Row(
        (401, 403, 403, 202, 202, 404, 404, 404, 404, 404, 404),
        arrange=arranging.challenged_key,
        body=lambda world, ids: {"answer": ids["answer"]},
        audit="key.proven",
    ),
    ("api-pending-action", "GET"): Row(
        (401, 200, 403, 403, 200, 404, 404, 404, 404, 404, 404), arrange=arranging.a_pending_action
    ),
    ("api-missing", "GET"): Row((404,) * len(ROLES)),
    ("api-missing", "POST"): Row((404,) * len(ROLES)),
    ("api-missing", "PUT"): Row((404,) * len(ROLES)),
    ("api-missing", "PATCH"): Row((404,) * len(ROLES)),
    ("api-missing", "DELETE"): Row((404,) * len(ROLES)),
}
