"""By keyboard alone, without script, with a chosen appearance."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage


def test_the_first_tab_skips_to_the_content(open_as: OpenPage) -> None:
    page = open_as()
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()

    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()


def test_the_account_menu_opens_and_closes_by_keyboard(open_as: OpenPage) -> None:
    page = open_as("ada")
    summary = page.locator(".menu > summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Recipient keys")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("link", name="Recipient keys")).not_to_be_visible()
    expect(summary).to_be_focused()


def test_every_stop_of_the_keyboard_can_be_seen(open_as: OpenPage) -> None:
    page = open_as("ada")
    page.goto("/releases/opt-175b/request/")
    for _ in range(20):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")


@pytest.mark.parametrize("script", [True, False])
def test_a_draft_is_saved_and_continued_with_and_without_script(open_as: OpenPage, script: bool) -> None:
    page = open_as("ada", java_script_enabled=script)
    page.goto("/releases/opt-175b/request/")
    page.get_by_label("What will you use the weights for?").fill("First thoughts.")
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_role("link", name="Continue the draft").click()

    expect(page.get_by_label("What will you use the weights for?")).to_have_value("First thoughts.")


def test_the_appearance_is_chosen_without_script(open_as: OpenPage) -> None:
    page = open_as(java_script_enabled=False, color_scheme="light")
    page.goto("/about/")
    page.get_by_role("button", name="Dark").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url("/about/")


def test_a_command_is_copied_without_its_prompt(open_as: OpenPage) -> None:
    page = open_as("ada", permissions=["clipboard-read", "clipboard-write"])
    page.goto("/keys/")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()

    assert page.evaluate("navigator.clipboard.readText()") == "weights keys create"


def test_a_new_tokens_secret_is_gone_after_going_on(open_as: OpenPage) -> None:
    page = open_as("ada")
    page.goto("/tokens/")
    page.get_by_label("Name").fill("cluster")
    page.get_by_role("button", name="Make the token").click()
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".secret")).to_contain_text("wp_")

    page.get_by_role("link", name="I have copied it").click()

    expect(page.locator(".secret")).to_have_count(0)
    expect(page.get_by_role("cell", name="Live")).to_be_visible()
