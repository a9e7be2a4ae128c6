"""Staff set up a second factor before they decide (A3)."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, code_now, prove_it_is_you
from tests.unit.web.world import PASSWORD, World
from weights_vault.models import Release


def set_up(page: Page) -> None:
    """Follow the page's offer to set up an authenticator app, and enter the code that an app would show."""
    page.get_by_role("link", name="Set up").click()
    prove_it_is_you(page)
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    secret = page.get_by_label("Authenticator secret").input_value()
    page.get_by_label("Authenticator code").fill(code_now(secret))
    page.get_by_role("button", name="Turn it on").click()


def test_a_reviewer_sets_up_a_second_factor_and_may_decide(
    open_as: OpenPage, world: World, settings: Any
) -> None:
    """A3."""
    settings.STAFF_MFA = "any"
    world.submitted("ada", Release.objects.get(slug="opt-175b"))
    page = open_as("rosa")
    page.goto("/review/")
    expect(page.get_by_text("mfa_required")).to_be_visible()

    page.goto("/accounts/2fa/")
    set_up(page)
    codes = page.get_by_label("Codes that are left").input_value().split()
    assert Axe().run(page).response["violations"] == []

    page.locator(".menu > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/accounts/login/?next=/review/")
    page.get_by_label("Email").fill(world.people["rosa"].email)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your second factor")).to_be_visible()
    page.get_by_label("code").fill(codes[0])
    page.locator("main").get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("link", name="Ada Lindqvist")).to_be_visible()
