"""One portal with one of everything, and everybody who may call it: what A8 plays on.

Built once. Each call is made on a savepoint and undone, so that every caller meets the same portal.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient
from werkzeug.test import Client

from licenses.actions import parties
from licenses.models import Agreement
from portal.accounts import tokens
from portal.accounts.devices import codes
from portal.accounts.exports import EXPORTS
from portal.accounts.models import Organization, OrganizationManager, User
from portal.accounts.scopes import OF_ONE_GRANT, SCOPES
from portal.core.log import keys, signer
from portal.core.log.files import LogFiles
from portal.core.models import AuditEvent
from portal.wsgi import application
from tests.integration.api.world import World, build, in_browser, person, revision_of, session_of, token_of
from weights_vault.actions.keys import propose_removal

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CSRF = "a" * 32  # the cookie and the header have to agree; what they say is nobody's business


@dataclass(frozen=True)
class Caller:
    """Somebody, and what their calls carry. name: the role, or the scope of the token."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """callers: each role in a browser; a token of each scope, and one of one grant; a signed-in device.

    things: what addresses can name, the researcher's own and another's: parts of an address and their ids.
    """

    callers: tuple[Caller, ...]
    things: tuple[dict[str, str], ...]


def set_up(folder: Path) -> Stage:
    """Build it, in the transaction that is open. folder: for the log's signer."""
    world = build()
    staff = {
        "reviewer": world.reviewers[1],
        "legal_lead": world.reviewers[0],
        "release_manager": world.manager,
        "auditor": world.auditor,
        "administrator": world.admin,
    }
    in_browsers = {"researcher": world.researcher, "organization_manager": _manager(world), **staff}
    # The staff's scopes are offered to those whose reading they open.
    holders = {"review": world.reviewers[1], "publish": world.manager}
    things = (_own(world), _of_another(world))
    # As their job leaves them: one that is not made yet is a 503 with the time to come back.
    Agreement.objects.update(pdf=b"%PDF-1.7", sha256="0" * 64, level="B-B", made_at=timezone.now())
    for what in EXPORTS:
        world.export(what)
    with (files := LogFiles(folder)).taken():
        signer.one_round(files, keys.signer(), timezone.now())
    return Stage(
        callers=(
            Caller("nobody"),
            *(_browser(name, user) for name, user in in_browsers.items()),
            *(_token(scope, holders.get(scope, world.researcher)) for scope in SCOPES),
            _token_of_one_grant(world.researcher, things[0]["grant_id"]),
            _device(world.researcher),
        ),
        things=things,
    )


@contextmanager
def undone() -> Iterator[None]:
    """Undo what happens in the block, in the database and in the cache."""
    cache.clear()
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


def _own(world: World) -> dict[str, str]:
    """A grant with all that hangs on it, all of it the researcher's."""
    grant, (key, _) = world.granted(), world.key()
    waiting = propose_removal(by=session_of(world.researcher), key=key, now=timezone.now())
    return {
        "slug": world.release.slug,
        "revision_id": world.revision.pk,
        "license_id": world.license.pk,
        "request_id": grant.request_id,
        "party_id": "par_none",
        "grant_id": grant.pk,
        "key_id": key.pk,
        "action_id": waiting.pk,
        "index": _last("grant.started", f"grant:{grant.pk}"),
    }


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


def _browser(name: str, user: User) -> Caller:
    """Signed in, just now asked for the password again, and with the token against forged requests."""
    client: APIClient = in_browser(user)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    return Caller(name, {"X-CSRFToken": CSRF}, cookies | {settings.CSRF_COOKIE_NAME: CSRF})


def _token(scope: str, holder: User) -> Caller:
    _, secret = token_of(holder, scope, name=f"{scope} {time.monotonic_ns()}")
    return Caller(f"token:{scope}", {"Authorization": f"Bearer {secret}"})


def _token_of_one_grant(holder: User, grant: str) -> Caller:
    _, secret = tokens.create_token(
        user=holder,
        name="cluster",
        scopes=OF_ONE_GRANT,
        lifetime=timedelta(days=1),
        by=session_of(holder),
        now=timezone.now(),
        grant=grant,
    )
    return Caller("token of one grant", {"Authorization": f"Bearer {secret}"})


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
    return Caller("device", {"Authorization": f"Bearer {given['access_token'] if given else ''}"})
