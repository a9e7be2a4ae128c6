"""The request form in Chromium: it saves itself, tells so, and counts what is typed."""

import re

import pytest
from playwright.sync_api import Route, expect

from licenses.models import Request, RequestVersion
from tests.browser.conftest import OpenPage
from tests.unit.web.world import World
from weights_vault.models import Release

FORM = "/releases/opt-175b/request/"
QUESTION = "What will you use the weights for?"


def test_a_form_saves_itself_and_keeps_its_own_address(open_as: OpenPage) -> None:
    page = open_as("ada")
    page.goto(FORM)
    page.get_by_label(QUESTION).fill("To study attention.")

    expect(page.locator("#saved")).to_contain_text(re.compile(r"Saved \d\d:\d\d UTC"))
    expect(page).to_have_url(re.compile(r"/requests/req_\w+/edit/$"))
    expect(page.get_by_text("19 of 10,000 characters")).to_be_visible()

    page.get_by_label(QUESTION).fill("To study attention heads.")
    page.get_by_role("button", name="Save the draft").click()

    expect(page.get_by_text("Your draft is saved")).to_be_visible()
    assert RequestVersion.objects.get().answers["purpose"] == "To study attention heads."


def test_what_is_offered_again_can_be_cleared(open_as: OpenPage, world: World) -> None:
    world.submitted("ada", Release.objects.get(slug="opt-66b"))
    page = open_as("ada")
    page.goto(FORM)
    box = page.get_by_label(QUESTION)
    expect(box).not_to_have_value("")

    page.get_by_role("button", name="Clear").first.click()

    expect(box).to_have_value("")
    expect(box).to_be_focused()


def test_without_javascript_the_form_is_whole(open_as: OpenPage) -> None:
    page = open_as("ada", java_script_enabled=False)
    page.goto(FORM)
    page.get_by_label(QUESTION).fill("To study attention.")
    page.get_by_role("button", name="Save the draft").click()

    assert page.get_by_text("Your draft is saved").is_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_in_a_field_saves_and_sends_nothing(open_as: OpenPage, scripts: bool) -> None:
    page = open_as("ada", java_script_enabled=scripts)
    page.goto(FORM)
    page.get_by_label(QUESTION).fill("To study attention.")
    page.locator("main input[type=text]").first.fill("Somebody")
    page.locator("main input[type=text]").first.press("Enter")

    if scripts:
        expect(page.locator("#saved")).to_contain_text("Saved")
        expect(page.locator("main input[type=text]").first).to_be_focused()
    else:
        page.get_by_text("Your draft is saved").wait_for()
    request = Request.objects.get()
    assert (request.state, request.submitted_at) == ("draft", None)


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_in_a_field_sends_no_new_version(open_as: OpenPage, world: World, scripts: bool) -> None:
    """A request in review is not only saved; what is changed goes to the reviewers, by its button alone."""
    request = world.submitted("ada", Release.objects.get(slug="opt-175b"))
    page = open_as("ada", java_script_enabled=scripts)
    page.goto(f"/requests/{request.pk}/edit/")
    field = page.locator("main input[type=text]").first
    field.fill("Somebody else")
    field.press("Enter")
    field.press("Tab")

    expect(page).to_have_url(re.compile("/edit/$"))
    expect(field).to_have_value("Somebody else")
    assert RequestVersion.objects.filter(request=request).count() == 1


def test_what_is_sent_while_it_saves_waits_for_it(open_as: OpenPage) -> None:
    page = open_as("ada")
    held: list[Route] = []
    page.goto(FORM)
    page.get_by_label(QUESTION).fill("To study attention.")
    expect(page.locator("#saved")).to_contain_text("Saved")
    page.route("**/edit/", lambda route: held.append(route) if is_save(route) else route.continue_())

    page.get_by_label(QUESTION).fill("To study attention heads, layer by layer.")
    expect(page.locator("#saved")).to_contain_text("Saving")
    page.get_by_role("button", name="Save the draft").click()
    held.pop().continue_()

    expect(page.get_by_text("Your draft is saved")).to_be_visible()
    assert RequestVersion.objects.get().answers["purpose"] == "To study attention heads, layer by layer."


def is_save(route: Route) -> bool:
    """htmx sends it, not the person."""
    return "hx-request" in route.request.headers


def test_who_is_signed_out_meanwhile_is_told_and_loses_nothing(open_as: OpenPage) -> None:
    page = open_as("ada")
    page.goto(FORM)
    page.context.clear_cookies(name="sessionid")
    page.get_by_label(QUESTION).fill("To study attention.")

    expect(page.locator("#saved")).to_contain_text("Not saved")
    expect(page.get_by_label(QUESTION)).to_have_value("To study attention.")


def test_a_portal_out_of_reach_is_told(open_as: OpenPage) -> None:
    page = open_as("ada")
    page.goto(FORM)
    page.context.set_offline(True)
    page.get_by_label(QUESTION).fill("To study attention.")

    expect(page.locator("#saved")).to_contain_text("the portal cannot be reached")
