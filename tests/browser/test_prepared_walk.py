"""A verdict that a program prepared, in Chromium: read, signed with the passkey, and cast with that."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from licenses.actions.prepared_votes import propose_vote
from licenses.models import Vote
from tests.browser.conftest import OpenPage
from tests.browser.test_passkeys import add_passkey, give_device, looked_at
from tests.unit.web.world import World
from weights_vault.models import Release


@pytest.fixture(autouse=True)
def _portal(settings: Any, live_server: LiveServer) -> None:
    settings.STAFF_MFA = "passkey"
    settings.PORTAL_URL = live_server.url


def test_a_prepared_verdict_is_signed_where_it_is_read(
    open_as: OpenPage, world: World, tmp_path: Path
) -> None:
    request = world.submitted("ada", Release.objects.get(slug="opt-175b"))
    page = open_as("rosa")
    devtools, device = give_device(page)
    add_passkey(page)
    said: dict[str, Any] = {"version": 1, "verdict": "reject", "reason": "Too wide.", "note": ""}
    by = replace(world.by("rosa"), passkey=True)
    action = propose_vote(request=request, by=by, now=world.now, **said)
    page.goto(f"/pending/{action.pk}/")
    expect(page.get_by_text(action.code)).to_be_visible()
    expect(page.get_by_role("button", name="The codes match: confirm")).to_have_count(0)
    assert looked_at(page, "pending-verdict-to-sign", tmp_path) == {}

    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.get_by_role("button", name="sign with your passkey").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The passkey was not used")
    assert not Vote.objects.exists()

    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    page.get_by_role("button", name="sign with your passkey").press("Enter")
    expect(page.get_by_text("Your verdict is recorded.")).to_be_visible()
    expect(page.get_by_text("Nothing more to do here.")).to_be_visible()
    assert Vote.objects.get().assertion is not None
