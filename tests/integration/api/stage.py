"""One portal with one of everything, and everybody who may call it: what A8 plays on.

Built once, with a scene for each operation. Each call is made on a savepoint and undone, so that every caller
meets the same portal.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.utils import timezone
from rest_framework.test import APIClient
from werkzeug.test import Client

from licenses.actions import parties
from licenses.models import Agreement
from portal.accounts.devices import codes
from portal.accounts.models import AccessToken, Organization, OrganizationManager, User
from portal.accounts.scopes import DEFAULT, OF_ONE_GRANT, SCOPES
from portal.core.log import keys, signer
from portal.core.log.files import LogFiles
from portal.core.models import AuditEvent
from portal.wsgi import application
from tests.integration.api.matrix import Row
from tests.integration.api.world import World, build, in_browser, person, revision_of, session_of, token_of
from weights_vault.actions.keys import propose_removal

CLUSTER = "cluster"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CSRF = "a" * 32  # the cookie and the header have to agree; what they say is nobody's business


@dataclass(frozen=True)
class Caller:
    """Somebody, and what their calls carry. name: the role, or the scope of the token.

    column: theirs in A1's table. scopes: a token's, None for a browser. grant_alone: it is for one grant.
    """

    name: str
    column: str
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    scopes: frozenset[str] | None = None
    grant_alone: bool = False


@dataclass(frozen=True)
class Stage:
    """callers: each role in a browser; a token of each scope, and one of one grant; a signed-in device.

    others: what addresses can name of somebody else than the owner: parts of an address and their ids.
    """

    world: World
    callers: tuple[Caller, ...]
    others: dict[str, str]


@dataclass(frozen=True)
class Scene:
    """What one operation is called on, as its row of A1's table needs it; the owner is the researcher.

    own: what addresses can name of theirs. said: what queries can. body: the right one, empty for none.
    """

    row: Row
    own: dict[str, str]
    said: dict[str, str]
    body: dict[str, Any]


def set_up(folder: Path) -> Stage:
    """Build it, in the transaction that is open. folder: for the log's signer."""
    world = build()
    browsers = {
        "researcher": ("owner", world.researcher),
        "organization_manager": ("speaker", _manager(world)),
        "reviewer": ("reviewer", world.reviewers[1]),
        "legal_lead": ("legal", world.reviewers[0]),
        "release_manager": ("manager", world.manager),
        "auditor": ("auditor", world.auditor),
        "administrator": ("admin", world.admin),
    }
    # The staff's scopes are offered to those whose reading they open.
    holders = {"review": browsers["reviewer"], "publish": browsers["release_manager"]}
    others = _of_another(world)
    with (files := LogFiles(folder)).taken():
        signer.one_round(files, keys.signer(), timezone.now())
    return Stage(
        world=world,
        callers=(
            Caller("nobody", "nobody"),
            *(_browser(name, *who) for name, who in browsers.items()),
            *(_token(scope, *holders.get(scope, browsers["researcher"])) for scope in SCOPES),
            _token_of_one_grant(world.researcher),
            _device(world.researcher),
        ),
        others=others,
    )


def keep_open() -> None:
    """Let no call close the connection, whose transaction is undone in the end; Django's test client, by
    which some things are made, lets calls close it again.
    """
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)


@contextmanager
def scene(stage: Stage, row: Row) -> Iterator[Scene]:
    """Make what the row needs, and undo it after the block."""
    with undone():
        ids = row.arrange(stage.world)
        keep_open()
        body = row.body(stage.world, ids)
        # As their job leaves them: one that is not made yet is a 503 with the time to come back.
        Agreement.objects.filter(made_at=None).update(
            pdf=b"%PDF-1.7", sha256="0" * 64, level="B-B", made_at=timezone.now()
        )
        grant = ids.get("grant_id", "")
        AccessToken.objects.filter(name=CLUSTER).update(grant=grant or stage.others["grant_id"])
        said = {
            "grant": grant or stage.others["grant_id"],
            "person": stage.world.researcher.public_id,
            "release": stage.world.release.slug,
            "revision": stage.world.revision.name,
            "kind": "request.drafted",
            "subject": f"request:{stage.others['request_id']}",
            "after": "2026-01-01",
            "before": "2100-01-01",
        }
        yield Scene(row, ids, said, body)


@contextmanager
def undone() -> Iterator[None]:
    """Undo what happens in the block, in the database and in the cache."""
    cache.clear()
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


def _of_another(world: World) -> dict[str, str]:
    """A request that waits for its reviewers, a release that is not listed, and a colleague who was asked."""
    request = world.submitted(world.other)
    mine = world.draft(person("dora"))
    asked = parties.invite(
        request=mine,
        role="co_applicant",
        email=world.researcher.email,
        full_name="Ada",
        by=session_of(mine.applicant),
        now=timezone.now(),
    )
    grant, (key, _) = world.granted(person("cleo")), world.key(world.other)
    waiting = propose_removal(by=session_of(world.other), key=key, now=timezone.now())
    return {
        "slug": world.hidden.slug,
        "revision_id": revision_of(world.hidden, "v1", 1, "quarantined").pk,
        "license_id": world.license.pk,
        "request_id": request.pk,
        "party_id": asked.pk,
        "grant_id": grant.pk,
        "key_id": key.pk,
        "action_id": waiting.pk,
        "index": _last("request.submitted", f"request:{request.pk}"),
    }


def _last(kind: str, subject: str) -> str:
    """The number of an event of which those whom it is about may have a proof."""
    event = AuditEvent.objects.filter(kind=kind, subject=subject).latest("index")
    return str(event.index)


def _manager(world: World) -> User:
    """Somebody who speaks for the researcher's organization."""
    now, user = timezone.now(), person("omar")
    organization = Organization.objects.create(name="Example University")
    User.objects.filter(pk__in=[user.pk, world.researcher.pk]).update(organization=organization)
    OrganizationManager.objects.create(organization=organization, user=user, by="system:test", at=now)
    return user


def _browser(name: str, column: str, user: User) -> Caller:
    """Signed in, just now asked for the password again, and with the token against forged requests."""
    client: APIClient = in_browser(user)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    return Caller(name, column, {"X-CSRFToken": CSRF}, cookies | {settings.CSRF_COOKIE_NAME: CSRF})


def _token(scope: str, column: str, holder: User) -> Caller:
    _, secret = token_of(holder, scope, name=f"{scope} {time.monotonic_ns()}")
    return Caller(f"token:{scope}", column, _bearer(secret), scopes=frozenset({scope}))


def _token_of_one_grant(holder: User) -> Caller:
    """Each scene tells the token which grant it is for."""
    scopes = frozenset(OF_ONE_GRANT)
    _, secret = token_of(holder, *scopes, name=CLUSTER)
    return Caller("token of one grant", "owner", _bearer(secret), scopes=scopes, grant_alone=True)


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def _device(holder: User) -> Caller:
    """A machine that was allowed what it asks for by itself."""
    machine = Client(application)
    asked = machine.post("/identity/o/api/device/code", data={"client_id": "weights"}).json
    code = codes.found(asked["user_code"]) if asked else None
    if asked is None or code is None:
        raise RuntimeError("no machine can sign in")
    codes.allow(code=code, by=session_of(holder), now=timezone.now())
    form = {"client_id": "weights", "grant_type": DEVICE_GRANT, "device_code": asked["device_code"]}
    given = machine.post("/identity/o/api/token", data=form).json
    bearer = _bearer(given["access_token"] if given else "")
    return Caller("device", "owner", bearer, scopes=frozenset(DEFAULT))
