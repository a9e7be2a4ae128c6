"""Who may call what: for each method of each address, the status that each role is answered with.

The thing that is addressed belongs to the owner. A row that changes something names its audit event.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from licenses.actions import parties
from licenses.agreements import making
from licenses.models import Agreement, Grant
from portal.accounts.models import PendingAction
from portal.core.models import AuditEvent
from tests.audit_log import catch_up
from tests.integration.api.world import ANSWERS, World, publish_license, session_of, with_token
from weights_vault.actions import keys
from weights_vault.sealed.challenge import answer, open_challenge
from weights_vault.sealed.keys import generate_identity

# A token of the owner with that scope alone; the others are browser sessions.
ROLES = (
    "nobody", "read", "requests", "download", "owner", "other",
    "reviewer", "legal", "manager", "auditor", "admin",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What one method of one address answers to each role, in the order of ROLES.

    arrange: makes what the row needs; returns the address's ids and, for some, a body.
    audit: kind of the event that a call of `caller` leaves; empty where nothing changes.
    """

    statuses: tuple[int, ...]
    arrange: Callable[[World], dict[str, str]] = lambda world: {}
    body: Callable[[World, dict[str, str]], dict[str, Any]] = lambda world, ids: {}
    audit: str = ""
    caller: str = "owner"


def _request(make: Callable[[World], Any]) -> Callable[[World], dict[str, str]]:
    return lambda world: {"request_id": make(world).pk}


def _grant(world: World) -> dict[str, str]:
    return {"grant_id": world.granted().pk}


def _with_document(world: World) -> dict[str, str]:
    ids = _grant(world)
    for agreement in Agreement.objects.all():
        making.make({"agreement": agreement.pk}, now=timezone.now())
    return ids


def _grant_and_key(world: World) -> dict[str, str]:
    return {"grant_id": world.granted().pk, "key": world.key()[0].pk}


def _proved(world: World) -> dict[str, str]:
    """The event that began the owner's grant, in a signed checkpoint."""
    world.granted()
    _signed(world)
    return {"index": str(AuditEvent.objects.get(kind="grant.started").pk)}


def _signed(world: World) -> dict[str, str]:
    catch_up(timezone.now())
    return {}


def _party(world: World) -> dict[str, str]:
    draft = world.draft()
    asked = parties.invite(
        request=draft,
        role="co_applicant",
        email="cleo@example.org",
        full_name="Cleo",
        by=session_of(world.researcher),
        now=timezone.now(),
    )
    return {"request_id": draft.pk, "party_id": asked.pk}


def _grant_to_reaccept(world: World) -> dict[str, str]:
    ids, now = _grant(world), timezone.now()
    publish_license(
        world.license.license, 2, "For research, and say so.\n", reaccept_by=now + timedelta(days=30)
    )
    Grant.objects.filter(pk=ids["grant_id"]).update(reaccept_by=now + timedelta(days=30))
    return ids


def _key(world: World) -> dict[str, str]:
    return {"key_id": world.key()[0].pk}


def _challenged_key(world: World) -> dict[str, str]:
    identity, now, owner = generate_identity("x25519"), timezone.now(), session_of(world.researcher)
    key, sealed, _ = keys.start_enrollment(
        by=owner, recipient=str(identity.recipient), name="laptop", now=now
    )
    asked = open_challenge(
        sealed, identity, origin=settings.PORTAL_URL, account=world.researcher.public_id, now=now
    )
    return {"key_id": key.pk, "answer": answer(asked)}


def _pending(world: World) -> dict[str, str]:
    key, _ = world.key()
    with_token(world.researcher).delete(f"/api/v1/keys/{key.pk}")
    return {"action_id": PendingAction.objects.get().pk}


def _downloaded(world: World) -> dict[str, str]:
    ids = _grant(world)
    with_token(world.researcher).get(f"/api/v1/grants/{ids['grant_id']}/manifest")
    return ids


def _exported(what: str) -> Callable[[World], dict[str, str]]:
    """The legal lead, or of the ledger the release manager, proposed it, and somebody confirmed."""

    def arrange(world: World) -> dict[str, str]:
        ids = _downloaded(world)
        world.export(what)
        return ids

    return arrange


def _receipt(world: World, ids: dict[str, str]) -> dict[str, Any]:
    figures = {"files": 2, "bytes": 90_700, "fetched_bytes": 91_000, "again_bytes": 0, "seconds": 1.5}
    return {"revision": "v1", "event": "completed", "client": "weights/0.1.0", **figures}


def _files(world: World, ids: dict[str, str]) -> dict[str, Any]:
    return {"revision": "v1", "files": world.files}


def _new_key(world: World, ids: dict[str, str]) -> dict[str, Any]:
    return {"recipient": str(generate_identity("x25519").recipient), "name": "laptop"}


MATRIX: dict[tuple[str, str], Row] = {
    #                                nobody read reqs down owner other review legal manager auditor admin
    ("api-schema", "GET"): Row((200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)),
    ("api-trust", "GET"): Row((200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)),
    ("api-successions", "GET"): Row((200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)),
    ("api-me", "GET"): Row((401, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200)),
    ("api-my-token", "DELETE"): Row(
        (401, 204, 204, 204, 404, 404, 404, 404, 404, 404, 404), audit="token.ended", caller="read"
    ),
    ("api-releases", "GET"): Row((200, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200)),
    ("api-release", "GET"): Row(
        (200, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200), arrange=lambda world: {"slug": "opt-175b"}
    ),
    ("api-head", "GET"): Row(
        (200, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200), arrange=lambda world: {"slug": "opt-175b"}
    ),
    ("api-revisions", "GET"): Row(
        (401, 403, 403, 403, 403, 403, 403, 403, 200, 200, 403), arrange=lambda world: {"slug": "opt-175b"}
    ),
    ("api-moves", "POST"): Row(
        (401, 403, 403, 403, 403, 403, 403, 403, 202, 403, 403),
        arrange=lambda world: {"revision_id": world.revision.pk},
        body=lambda world, ids: {"move": "quarantine", "reason": "A file is wrong."},
        audit="pending.proposed",
        caller="manager",
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
        (401, 200, 403, 403, 200, 404, 200, 200, 404, 200, 404), arrange=_request(World.submitted)
    ),
    ("api-request", "PATCH"): Row(
        (401, 403, 200, 403, 200, 404, 403, 403, 404, 403, 404),
        arrange=_request(World.submitted),
        body=lambda world, ids: {"answers": {"purpose": "Another."}},
        audit="request.edited",
    ),
    ("api-submit", "POST"): Row(
        (401, 403, 200, 403, 200, 404, 404, 404, 404, 404, 404),
        arrange=_request(World.draft),
        body=lambda world, ids: {"license_sha256": world.license.sha256},
        audit="request.submitted",
    ),
    ("api-withdraw", "POST"): Row(
        (401, 403, 200, 403, 200, 404, 403, 403, 404, 403, 404),
        arrange=_request(World.submitted),
        audit="request.withdrawn",
    ),
    ("api-nudge", "POST"): Row(
        (401, 403, 200, 403, 200, 404, 403, 403, 404, 403, 404),
        arrange=_request(World.overdue),
        audit="request.nudged",
    ),
    ("api-renew", "POST"): Row(
        (401, 403, 201, 403, 201, 404, 403, 403, 404, 403, 404),
        arrange=lambda world: {"grant_id": world.ending().pk},
        audit="request.drafted",
    ),
    ("api-appeal", "POST"): Row(
        (401, 403, 200, 403, 200, 404, 403, 403, 404, 403, 404),
        arrange=_request(lambda world: world.decided("reject")),
        body=lambda world, ids: {"text": "Please look again."},
        audit="request.appealed",
    ),
    ("api-sign", "POST"): Row(
        (401, 403, 202, 403, 202, 404, 403, 403, 404, 403, 404),
        arrange=_request(lambda world: world.decided("approve")),
        audit="pending.proposed",
    ),
    ("api-messages", "GET"): Row(
        (401, 200, 403, 403, 200, 404, 200, 200, 404, 200, 404), arrange=_request(World.submitted)
    ),
    ("api-messages", "POST"): Row(
        (401, 403, 201, 403, 201, 404, 201, 201, 404, 403, 404),
        arrange=_request(World.submitted),
        body=lambda world, ids: {"text": "Is anything missing?"},
        audit="request.message_sent",
    ),
    ("api-parties", "POST"): Row(
        (401, 403, 201, 403, 201, 404, 404, 404, 404, 404, 404),
        arrange=_request(World.draft),
        body=lambda world, ids: {"role": "co_applicant", "email": "cleo@example.org", "full_name": "Cleo"},
        audit="request.party_invited",
    ),
    ("api-party", "DELETE"): Row(
        (401, 403, 200, 403, 200, 404, 404, 404, 404, 404, 404), arrange=_party, audit="request.party_removed"
    ),
    ("api-votes", "POST"): Row(
        (
            401,
            403,
            403,
            403,
            403,
            404,
            200,
            200,
            404,
            403,
            404,
        ),  # administrators read requests, reviewers vote on them
        arrange=_request(World.submitted),
        body=lambda world, ids: {"version": 1, "verdict": "approve"},
        audit="request.voted",
        caller="reviewer",
    ),
    ("api-grants", "GET"): Row((401, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200)),
    ("api-grant", "GET"): Row((401, 200, 403, 403, 200, 404, 200, 200, 404, 200, 404), arrange=_grant),
    ("api-reaccept", "POST"): Row(
        (401, 403, 202, 403, 202, 404, 404, 404, 404, 404, 404),
        arrange=_grant_to_reaccept,
        audit="pending.proposed",
    ),
    ("api-manifest", "GET"): Row(
        (401, 403, 403, 200, 200, 404, 403, 403, 404, 403, 404), arrange=_grant, audit="manifest.issued"
    ),
    ("api-headers", "POST"): Row(
        (401, 403, 403, 200, 200, 404, 404, 404, 404, 404, 404),
        arrange=_grant_and_key,
        body=lambda world, ids: {**_files(world, ids), "key": ids["key"]},
        audit="headers.issued",
    ),
    ("api-urls", "POST"): Row(
        (401, 403, 403, 200, 200, 404, 403, 403, 404, 403, 404),
        arrange=_grant,
        body=_files,
        audit="urls.issued",
    ),
    ("api-agreement", "GET"): Row(
        (401, 200, 403, 403, 200, 404, 200, 200, 404, 200, 404), arrange=_with_document
    ),
    ("api-close-out", "POST"): Row(
        (401, 403, 202, 403, 202, 404, 404, 404, 404, 404, 404),
        arrange=_grant,
        body=lambda world, ids: {
            "copies": 1,
            "method": "Shredded.",
            "destroyed_on": f"{timezone.now():%Y-%m-%d}",
        },
        audit="pending.proposed",
    ),
    ("api-receipts", "POST"): Row(
        (401, 403, 403, 201, 201, 404, 404, 404, 404, 404, 404),
        arrange=_downloaded,
        body=_receipt,
        audit="download.completed",
    ),
    ("api-audit", "GET"): Row((401, 403, 403, 403, 403, 403, 403, 200, 403, 200, 200), arrange=_proved),
    ("api-audit-event", "GET"): Row((401, 403, 403, 403, 403, 403, 403, 200, 403, 200, 200), arrange=_proved),
    ("api-audit-proof", "GET"): Row((401, 200, 403, 403, 200, 404, 200, 200, 404, 200, 200), arrange=_proved),
    ("api-audit-checkpoint", "GET"): Row(
        (401, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200), arrange=_signed
    ),
    ("api-audit-consistency", "GET"): Row(
        (401, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200), arrange=_signed
    ),
    ("api-ledger", "GET"): Row((401, 403, 403, 403, 403, 403, 403, 403, 200, 200, 403), arrange=_downloaded),
    ("api-ledger-csv", "GET"): Row(
        (401, 403, 403, 403, 403, 403, 403, 403, 200, 403, 403), arrange=_exported("ledger")
    ),
    ("api-queue-csv", "GET"): Row(
        (401, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403), arrange=_exported("queue")
    ),
    ("api-audit-ndjson", "GET"): Row(
        (401, 403, 403, 403, 403, 403, 403, 200, 403, 403, 403), arrange=_exported("audit")
    ),
    ("api-keys", "GET"): Row((401, 200, 403, 403, 200, 200, 200, 200, 200, 200, 200)),
    ("api-keys", "POST"): Row(
        (401, 403, 403, 201, 201, 201, 201, 201, 201, 201, 201), body=_new_key, audit="key.challenged"
    ),
    ("api-key", "GET"): Row((401, 200, 403, 403, 200, 404, 404, 404, 404, 404, 404), arrange=_key),
    ("api-key", "DELETE"): Row(
        (401, 403, 403, 202, 202, 404, 404, 404, 404, 404, 404), arrange=_key, audit="pending.proposed"
    ),
    ("api-key-proof", "POST"): Row(
        (401, 403, 403, 202, 202, 404, 404, 404, 404, 404, 404),
        arrange=_challenged_key,
        body=lambda world, ids: {"answer": ids["answer"]},
        audit="key.proven",
    ),
    ("api-pending-action", "GET"): Row(
        (401, 200, 403, 403, 200, 404, 404, 404, 404, 404, 404), arrange=_pending
    ),
    ("api-missing", "GET"): Row((404,) * len(ROLES)),
    ("api-missing", "POST"): Row((404,) * len(ROLES)),
    ("api-missing", "PUT"): Row((404,) * len(ROLES)),
    ("api-missing", "PATCH"): Row((404,) * len(ROLES)),
    ("api-missing", "DELETE"): Row((404,) * len(ROLES)),
}
