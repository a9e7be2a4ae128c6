"""A small portal to look at, and browsers of its people."""

import time
from collections.abc import Callable, Iterator

import pytest
from allauth.account.internal.userkit import user_id_to_str
from django.core.cache import cache
from django.test import Client

from licenses.models import Request
from portal.accounts.session_store import row_key
from portal.core.keys import ensure_embedded_keys
from tests.unit.web.world import World, make_world
from weights_vault.models import Release

OpenAs = Callable[..., Client]


@pytest.fixture(autouse=True)
def _fresh_rate_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _keys() -> None:
    ensure_embedded_keys()


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def open_as(world: World) -> OpenAs:
    """open_as("ada") → a client signed in as Ada, who gave her password just now (`fresh`)."""

    def open_for(name: str | None = None, *, fresh: bool = True, enforce_csrf_checks: bool = False) -> Client:
        client = Client(enforce_csrf_checks=enforce_csrf_checks)
        if not name:
            return client
        client.force_login(world.people[name])
        session = client.session
        # Seen a moment ago, as most requests of a session are.
        row = row_key(str(session.session_key))
        session["browser_session"] = {"row": row, "user": world.people[name].pk, "at": time.time()}
        session.save()
        if fresh:
            session["account_authentication_methods"] = [
                {"method": "password", "at": time.time(), "reauthenticated": True}
            ]
            session["account_authentication_methods_user"] = user_id_to_str(world.people[name])
            session.save()
        return client

    return open_for


@pytest.fixture
def rosa(open_as: OpenAs) -> Client:
    """A reviewer."""
    return open_as("rosa")


@pytest.fixture
def big(world: World) -> Release:
    return Release.objects.get(slug="opt-175b")


@pytest.fixture
def submitted(world: World, big: Release) -> Request:
    """Ada's request for OPT-175B, in review for three days."""
    return world.submitted("ada", big)
