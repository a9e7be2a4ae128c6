"""A session that ends while somebody writes: they are told, and what they typed is there again."""

from django.contrib.sessions.models import Session
from playwright.sync_api import Page

from licenses.models import Message
from tests.browser.conftest import OpenPage
from tests.unit.web.world import PASSWORD, World
from weights_vault.models import Release

WORDS = "Which corpus do you use?\nAnd for how long?"


def sign_in_again(page: Page, world: World, name: str) -> None:
    page.get_by_label("Email").fill(world.people[name].email)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()


def type_until_the_session_ends(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("Message to the applicant").fill(WORDS)
    page.get_by_label("I need an answer").check()
    Session.objects.all().delete()
    page.get_by_role("button", name="Send to the applicant").click()


def test_what_was_typed_is_there_again_and_was_not_sent(open_as: OpenPage, world: World) -> None:
    address = f"/review/{world.submitted('ada', Release.objects.get(slug='opt-175b')).pk}/"
    page = open_as("rosa")
    type_until_the_session_ends(page, address)
    assert page.get_by_text("You were signed out before this was sent").is_visible()

    sign_in_again(page, world, "rosa")
    page.wait_for_url(f"**{address}")

    assert page.get_by_label("Message to the applicant").input_value() == WORDS
    assert page.get_by_label("I need an answer").is_checked()
    assert page.get_by_text("It is not sent yet.").is_visible()
    assert not Message.objects.exists()

    page.get_by_role("button", name="Send to the applicant").click()
    page.get_by_text("Your question is sent").wait_for()
    assert Message.objects.get().text == WORDS
    assert page.get_by_label("Message to the applicant").input_value() == ""


def test_nobody_else_is_given_what_was_typed(open_as: OpenPage, world: World) -> None:
    address = f"/review/{world.submitted('ada', Release.objects.get(slug='opt-175b')).pk}/"
    page = open_as("rosa")
    type_until_the_session_ends(page, address)

    sign_in_again(page, world, "ravi")
    page.wait_for_url(f"**{address}")

    assert page.get_by_label("Message to the applicant").input_value() == ""
    assert page.evaluate("sessionStorage.getItem('unsent')") is None
