"""Passkeys in Chromium, with an authenticator of its own: added, used to sign in, and to give a verdict."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from licenses.models import Vote
from tests.browser.conftest import OpenPage, keep_picture, prove_it_is_you
from tests.browser.test_every_page import MODES, faults_of
from tests.unit.web.world import PASSWORD, World
from weights_vault.models import Release

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
Device = Callable[[Page], Any]


@pytest.fixture(autouse=True)
def _portal(settings: Any, live_server: LiveServer) -> None:
    settings.STAFF_MFA = "passkey"
    settings.PORTAL_URL = live_server.url


def give_device(page: Page, **changes: Any) -> Any:
    """Put a device that makes passkeys into this browser; return what talks to it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**DEVICE, **changes}})
    return devtools, made["authenticatorId"]


def add_passkey(page: Page, name: str = "Key on the desk") -> None:
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Add a passkey").click()
    prove_it_is_you(page)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the passkey").press("Enter")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()


def looked_at(page: Page, name: str, folder: Path) -> dict[str, list[object]]:
    """See the open page as in every mode that pages are looked at in; return what is wrong, by mode."""
    faults = {}
    for mode, settings in MODES.items():
        page.emulate_media(color_scheme=settings["color_scheme"], reduced_motion="reduce")
        page.set_viewport_size(settings["viewport"])
        keep_picture(page, Path(os.environ.get("SCREENSHOTS") or folder) / f"{name}-{mode}.png")
        if found := faults_of(page):
            faults[f"{name}, {mode}"] = found
    return faults


def test_passkey_is_added_and_signs_in_without_a_password(open_as: OpenPage, world: World) -> None:
    page = open_as("rosa")
    give_device(page)
    page.goto("/review/")
    page.get_by_role("link", name="Your second factor").click()
    add_passkey(page)
    page.goto("/accounts/2fa/")
    expect(page.get_by_role("row", name="Key on the desk")).to_be_visible()
    assert Axe().run(page).response["violations"] == []

    page.locator(".menu > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/accounts/login/")
    assert Axe().run(page).response["violations"] == []
    page.get_by_role("button", name="Use a passkey").press("Enter")
    expect(page.locator(".menu > summary")).to_be_visible()
    page.goto("/review/")
    expect(page.get_by_role("heading", name="Review queue")).to_be_visible()


def test_pages_about_passkeys_are_in_order(open_as: OpenPage, world: World, tmp_path: Path) -> None:
    """What can be looked at only with a passkey: in lists, renamed, removed, asked for, and signing."""
    for name in ("ada", "bo"):
        world.submitted(name, Release.objects.get(slug="opt-175b"))
    page = open_as("rosa")
    give_device(page)
    add_passkey(page)
    faults = looked_at(page, "passkey-first", tmp_path)
    for name, link in (("passkey-rename", "Rename"), ("passkey-remove", "Remove")):
        page.goto("/accounts/2fa/webauthn/")
        faults |= looked_at(page, "passkeys-some", tmp_path)
        page.get_by_role("link", name=link).click()
        faults |= looked_at(page, name, tmp_path)
    page.goto("/accounts/2fa/")
    faults |= looked_at(page, "second-factor-passkey", tmp_path)
    page.goto("/review/")
    page.get_by_label("Select the request of Ada Lindqvist").check()
    page.get_by_label("Select the request of Bo Tanaka").check()
    page.get_by_role("button", name="Decide together").click()
    page.get_by_label("Approve").check()
    page.get_by_role("button", name="Give this verdict to all").click()
    expect(page.get_by_role("button", name="Sign with your passkey")).to_be_visible()
    faults |= looked_at(page, "bulk-cast", tmp_path)
    page.goto("/review/")
    page.get_by_role("link", name="Ada Lindqvist").click()
    page.get_by_label("Decline").check()
    page.locator("main [name=reason]").fill("The stated use is a commercial product.")
    page.get_by_role("button", name="Give this verdict").click()
    expect(page.get_by_role("button", name="Sign with your passkey")).to_be_visible()
    faults |= looked_at(page, "review-cast", tmp_path)
    page.set_viewport_size(MODES["light"]["viewport"])
    page.locator(".menu > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(world.people["rosa"].email)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Your second factor")).to_be_visible()
    faults |= looked_at(page, "second-factor-asked", tmp_path)

    assert faults == {}


def test_a_device_that_does_not_know_its_user_is_told_in_words(open_as: OpenPage, world: World) -> None:
    page = open_as("rosa")
    devtools, device = give_device(page)
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.goto("/accounts/2fa/webauthn/add/")
    prove_it_is_you(page)
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The passkey was not used")


def test_a_page_that_comes_back_from_memory_asks_for_the_passkey_again(
    open_as: OpenPage, world: World
) -> None:
    page = open_as("rosa")
    give_device(page)
    page.goto("/accounts/2fa/webauthn/add/")
    prove_it_is_you(page)
    page.evaluate("HTMLFormElement.prototype.submit = () => document.body.append('Sent off. ')")
    for times in (1, 2):
        page.get_by_role("button", name="Make the passkey").click()
        expect(page.get_by_text("Sent off. " * times)).to_be_visible()
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")


def test_without_javascript_the_page_says_so(open_as: OpenPage, world: World) -> None:
    page = open_as(None, java_script_enabled=False)
    page.goto("/accounts/login/")
    expect(page.get_by_text("A passkey needs JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_have_count(0)


def test_reviewer_signs_a_verdict_with_the_passkey_and_the_keyboard_alone(
    open_as: OpenPage, world: World
) -> None:
    request = world.submitted("ada", Release.objects.get(slug="opt-175b"))
    page = open_as("rosa")
    devtools, device = give_device(page)
    add_passkey(page)
    page.goto(f"/review/{request.pk}/")
    page.get_by_label("Approve").check()
    page.get_by_role("button", name="Give this verdict").press("Enter")
    expect(page.get_by_role("heading", name="Approve: sign it with your passkey")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    assert not Vote.objects.exists()

    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.get_by_role("button", name="Sign with your passkey").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The passkey was not used")
    assert not Vote.objects.exists()

    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    page.get_by_role("button", name="Sign with your passkey").press("Enter")
    expect(page.get_by_text("Your verdict is recorded.")).to_be_visible()
    cast = Vote.objects.get()
    assert cast.assertion is not None
    assert cast.document is not None
    assert cast.document["applicant"] == world.people["ada"].public_id
