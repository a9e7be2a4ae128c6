"""What each row of A1's table needs before it is called: the owner's things, made by the real actions.

Each returns the ids that stand in the address and, for some, what the body says.
"""

from collections.abc import Callable
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
from tests.integration.api.world import World, publish_license, session_of, with_token
from weights_vault.actions import keys
from weights_vault.sealed.challenge import answer, open_challenge
from weights_vault.sealed.keys import generate_identity


def of_request(make: Callable[[World], Any]) -> Callable[[World], dict[str, str]]:
    return lambda world: {"request_id": make(world).pk}


def a_grant(world: World) -> dict[str, str]:
    return {"grant_id": world.granted().pk}


def with_document(world: World) -> dict[str, str]:
    ids = a_grant(world)
    for agreement in Agreement.objects.all():
        making.make({"agreement": agreement.pk}, now=timezone.now())
    return ids


def grant_and_key(world: World) -> dict[str, str]:
    return {"grant_id": world.granted().pk, "key": world.key()[0].pk}


def proved(world: World) -> dict[str, str]:
    """The event that began the owner's grant, in a signed checkpoint."""
    world.granted()
    signed_log(world)
    return {"index": str(AuditEvent.objects.filter(kind="grant.started").latest("index").pk)}


def signed_log(world: World) -> dict[str, str]:
    catch_up(timezone.now())
    return {}


def a_party(world: World) -> dict[str, str]:
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


def grant_to_reaccept(world: World) -> dict[str, str]:
    ids, now = a_grant(world), timezone.now()
    publish_license(
        world.license.license, 2, "For research, and say so.\n", reaccept_by=now + timedelta(days=30)
    )
    Grant.objects.filter(pk=ids["grant_id"]).update(reaccept_by=now + timedelta(days=30))
    return ids


def a_key(world: World) -> dict[str, str]:
    return {"key_id": world.key()[0].pk}


def challenged_key(world: World) -> dict[str, str]:
    identity, now, owner = generate_identity("x25519"), timezone.now(), session_of(world.researcher)
    key, sealed, _ = keys.start_enrollment(
        by=owner, recipient=str(identity.recipient), name="laptop", now=now
    )
    asked = open_challenge(
        sealed, identity, origin=settings.PORTAL_URL, account=world.researcher.public_id, now=now
    )
    return {"key_id": key.pk, "answer": answer(asked)}


def a_pending_action(world: World) -> dict[str, str]:
    key, _ = world.key()
    with_token(world.researcher).delete(f"/api/v1/keys/{key.pk}")
    return {"action_id": PendingAction.objects.latest("created_at").pk}


def downloaded(world: World) -> dict[str, str]:
    ids = a_grant(world)
    with_token(world.researcher).get(f"/api/v1/grants/{ids['grant_id']}/manifest")
    return ids


def exported(what: str) -> Callable[[World], dict[str, str]]:
    """The legal lead, or of the ledger the release manager, proposed it, and somebody confirmed."""

    def arrange(world: World) -> dict[str, str]:
        ids = downloaded(world)
        world.export(what)
        return ids

    return arrange


def receipt(world: World, ids: dict[str, str]) -> dict[str, Any]:
    figures = {"files": 2, "bytes": 90_700, "fetched_bytes": 91_000, "again_bytes": 0, "seconds": 1.5}
    return {"revision": "v1", "event": "completed", "client": "weights/0.1.0", **figures}


def files(world: World, ids: dict[str, str]) -> dict[str, Any]:
    return {"revision": "v1", "files": world.files}


def new_key(world: World, ids: dict[str, str]) -> dict[str, Any]:
    return {"recipient": str(generate_identity("x25519").recipient), "name": "laptop"}


def shredded(world: World, ids: dict[str, str]) -> dict[str, Any]:
    return {"copies": 1, "method": "Shredded.", "destroyed_on": f"{timezone.now():%Y-%m-%d}"}
