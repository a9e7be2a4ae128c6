"""The review queue by keyboard alone, without script, and with single keys turned off."""

import pytest
from playwright.sync_api import Page, expect

from licenses.models import Request
from tests.browser.conftest import OpenPage, prove_it_is_you
from tests.unit.web.world import World
from weights_vault.models import Release


@pytest.fixture
def waiting(world: World) -> list[Request]:
    """Three requests in review, the longest waiting first."""
    big = Release.objects.get(slug="opt-175b")
    made = []
    for number, name in enumerate(("Chi Okafor", "Dana Ruiz", "Eli Novák")):
        world.person(f"p{number}@people.example.org", name, "University of Example", "NG")
        made.append(world.submitted(f"p{number}", big, days_ago=4 - number))
    return made


@pytest.fixture
def queue(open_as: OpenPage, waiting: list[Request]) -> Page:
    page = open_as("rosa")
    page.goto("/review/")
    return page


def test_rows_are_walked_opened_and_selected_by_single_keys(queue: Page, waiting: list[Request]) -> None:
    for key in "jjk":
        queue.keyboard.press(key)
    expect(queue.get_by_role("link", name="Chi Okafor")).to_be_focused()
    queue.keyboard.press("x")
    queue.keyboard.press("j")
    queue.keyboard.press("x")
    expect(queue.get_by_text("2 selected")).to_be_visible()

    queue.keyboard.press("Enter")

    expect(queue).to_have_url(f"http://{queue.url.split('/')[2]}/review/{waiting[1].pk}/")


def test_the_next_request_is_taken_by_a_key(queue: Page, waiting: list[Request], world: World) -> None:
    queue.keyboard.press("n")
    queue.wait_for_url(f"**/review/{waiting[0].pk}/")

    waiting[0].refresh_from_db()
    assert waiting[0].assignee == world.people["rosa"]


def test_many_are_decided_together_by_keyboard(queue: Page, waiting: list[Request]) -> None:
    """R9."""
    for key in "jxjxjx":
        queue.keyboard.press(key)
    queue.keyboard.press("b")
    queue.get_by_label("Approve").check()
    queue.get_by_role("button", name="Give this verdict to all").click()
    prove_it_is_you(queue)

    expect(queue.get_by_role("heading", name="3 done")).to_be_visible()


def test_a_key_in_a_field_is_a_letter(queue: Page) -> None:
    queue.keyboard.press("/")
    expect(queue.get_by_label("Search")).to_be_focused()
    queue.keyboard.type("jxn?")

    expect(queue.get_by_label("Search")).to_have_value("jxn?")
    expect(queue.get_by_role("dialog")).to_have_count(0)


def test_the_keys_of_the_page_are_listed_and_turned_off(queue: Page) -> None:
    """WCAG 2.1.4."""
    queue.keyboard.press("?")
    expect(queue.get_by_role("dialog").get_by_text("Take the next request that nobody has")).to_be_visible()
    queue.get_by_role("link", name="Turn single keys off").click()
    queue.get_by_role("button", name="Turn single keys off").click()
    queue.goto("/review/")
    queue.keyboard.press("j")
    queue.keyboard.press("?")

    expect(queue.get_by_role("dialog")).to_have_count(0)
    expect(queue.get_by_role("link", name="Chi Okafor")).not_to_be_focused()


def test_shift_selects_what_lies_between(queue: Page) -> None:
    boxes = queue.locator("[data-row] input[type=checkbox]")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(queue.get_by_text("3 selected")).to_be_visible()


def test_without_script_requests_are_selected_and_taken(
    open_as: OpenPage, waiting: list[Request], world: World
) -> None:
    page = open_as("rosa", java_script_enabled=False)
    page.goto("/review/")
    page.get_by_label("Select the request of Dana Ruiz").check()
    page.get_by_role("button", name="Take", exact=True).click()

    expect(page.get_by_text("1 request is on the desk of Rosa Weiss.")).to_be_visible()
    assert Request.objects.get(assignee=world.people["rosa"]) == waiting[1]
