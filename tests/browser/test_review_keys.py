"""The review page by keyboard alone, and a question that is answered where the request is."""

import pytest

from licenses.models import Message, Request, Vote
from tests.browser.conftest import OpenPage, prove_it_is_you
from tests.unit.web.world import World
from weights_vault.models import Release


@pytest.fixture
def submitted(world: World) -> Request:
    return world.submitted("ada", Release.objects.get(slug="opt-175b"))


def test_keys_choose_and_go_but_give_nothing(open_as: OpenPage, submitted: Request) -> None:
    page = open_as("rosa")
    page.goto(f"/review/{submitted.pk}/")

    for key, name in (("a", "Approve"), ("c", "Ask for changes"), ("d", "Decline")):
        page.locator("body").press(key)
        chosen = page.get_by_role("radio", name=name)
        assert chosen.is_checked()
        assert chosen.evaluate("element => element === document.activeElement")
    page.keyboard.press("o")
    assert page.locator("#note_text").evaluate("element => element === document.activeElement")
    # In a field a key is a letter.
    page.keyboard.type("dam")
    assert page.locator("#note_text").input_value() == "dam"
    assert not Vote.objects.exists()

    page.locator("#main").press("b")
    page.wait_for_url("**/review/")


def test_a_verdict_by_keyboard_is_thought_over(open_as: OpenPage, submitted: Request) -> None:
    page = open_as("rosa")
    page.goto(f"/review/{submitted.pk}/")
    page.locator("#main").press("d")
    page.locator("#id_reason").press_sequentially("Not research.")
    page.get_by_role("button", name="Give this verdict").press("Enter")
    page.get_by_role("heading", name="Decline this request?").wait_for()
    assert not Vote.objects.exists()
    page.get_by_role("button", name="Decline it").press("Enter")
    prove_it_is_you(page)
    page.wait_for_url(f"**/review/{submitted.pk}/")
    assert Vote.objects.get().verdict == "reject"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_question_is_answered_in_its_place(open_as: OpenPage, submitted: Request, scripts: bool) -> None:
    rosa = open_as("rosa", java_script_enabled=scripts)
    rosa.goto(f"/review/{submitted.pk}/")
    rosa.get_by_label("Message to the applicant").fill("Which corpus?")
    rosa.get_by_label("I need an answer").check()
    rosa.get_by_role("button", name="Send to the applicant").click()
    assert rosa.get_by_text("Your question is sent").is_visible()

    ada = open_as("ada", java_script_enabled=scripts)
    ada.goto("/requests/")
    ada.get_by_role("link", name="Answer the question").click()
    assert ada.get_by_role("heading", name="Answer the reviewers' question").is_visible()
    ada.get_by_label("Your answer").fill("The Pile.")
    ada.get_by_role("button", name="Send the answer").click()

    assert ada.get_by_text("Your message is sent").is_visible()
    assert Message.objects.order_by("at").last().text == "The Pile."  # type: ignore[union-attr]
