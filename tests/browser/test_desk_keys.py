"""Legal staff's day by keyboard alone: filter, ask, decide, give away, step back; grants, one and several."""

from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from licenses.models import Grant, Message, Recusal, Request, Vote
from tests.browser.conftest import OpenPage
from tests.browser.walking import press, tab_to, write
from tests.unit.web.world import PASSWORD, World
from weights_vault.models import Release


@pytest.fixture
def waiting(world: World) -> list[Request]:
    """Three requests in review, the longest waiting first."""
    made = []
    for number, name in enumerate(("Chi Okafor", "Dana Ruiz", "Eli Novák")):
        world.person(f"p{number}@people.example.org", name, "University of Example", "NG")
        made.append(world.submitted(f"p{number}", Release.objects.get(slug="opt-175b"), days_ago=4 - number))
    return made


def shows(page: Page, said: Locator) -> None:
    """Wait for the page on which this stands, until it hears its keys."""
    expect(said).to_be_visible()
    page.wait_for_load_state()


def open_row(page: Page, name: str) -> None:
    """Walk down the list with j until the row of that name, and open it."""
    row = page.get_by_role("link", name=name)
    for _ in range(10):
        if row.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    shows(page, page.get_by_role("heading", level=1, name=name))


def confirm_it_is_you(page: Page) -> None:
    """The field has the focus when the page opens."""
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def ask(page: Page) -> None:
    page.keyboard.press("m")
    page.keyboard.type("Which cluster?")
    press(page, page.get_by_label("I need an answer"), "Space")
    press(page, page.get_by_role("button", name="Send to the applicant"))
    shows(page, page.get_by_text("Your question is sent"))


def approve(page: Page) -> None:
    page.keyboard.press("a")
    expect(page.get_by_role("radio", name="Approve")).to_be_focused()
    write(page, page.get_by_role("textbox", name="Reason"), "Clear purpose.")
    press(page, page.get_by_role("button", name="Give this verdict"))
    confirm_it_is_you(page)
    shows(page, page.get_by_text("Your verdict is recorded"))


def test_a_request_is_found_read_asked_about_and_decided(
    open_as: OpenPage, waiting: list[Request], world: World
) -> None:
    page = open_as("rosa")
    press(page, page.get_by_label("Main").get_by_role("link", name="Review", exact=True))
    page.wait_for_url("**/review/")
    page.keyboard.press("/")
    page.keyboard.type("Example")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/?text=Example*")
    open_row(page, "Dana Ruiz")
    ask(page)
    approve(page)
    assert Message.objects.get().asks
    assert Vote.objects.get().reason == "Clear purpose."

    # Back to the list as it was filtered, at the row that was left.
    page.keyboard.press("b")
    page.wait_for_url("**/review/?text=Example*")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Dana Ruiz")).to_be_focused()
    page.keyboard.press("n")
    shows(page, page.get_by_role("heading", level=1, name="Chi Okafor"))
    waiting[0].refresh_from_db()
    assert waiting[0].assignee == world.people["rosa"]


def test_a_request_is_given_away_and_another_stepped_back_from(
    open_as: OpenPage, waiting: list[Request], world: World
) -> None:
    page = open_as("rosa")
    page.goto("/review/")
    for key in "jxg":
        page.keyboard.press(key)
    page.keyboard.type("Ravi")
    press(page, page.get_by_role("button", name="Give", exact=True))
    shows(page, page.get_by_text("is on the desk of Ravi Menon."))

    open_row(page, "Eli Novák")
    press(page, page.get_by_role("link", name="Votes and verdict"))
    press(page, page.get_by_role("link", name="I should take no part in this"))
    page.wait_for_url("**/recuse/")
    write(page, page.get_by_role("main").get_by_role("textbox"), "We wrote a paper together.")
    press(page, page.get_by_role("button", name="Take no part"))
    confirm_it_is_you(page)
    page.wait_for_url("**/review/req_*/")
    waiting[0].refresh_from_db()
    assert waiting[0].assignee == world.people["ravi"]
    assert Recusal.objects.get().request == waiting[2]


def test_several_are_decided_together(open_as: OpenPage, waiting: list[Request]) -> None:
    """R9."""
    page = open_as("rosa")
    page.goto("/review/")
    for key in "jxjx":
        page.keyboard.press(key)
    expect(page.get_by_role("status")).to_have_text("2 selected")
    page.keyboard.press("b")
    shows(page, page.get_by_role("heading", level=1, name="2 requests, one verdict"))
    tab_to(page, page.get_by_role("radio", name="Approve"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Ask for changes")).to_be_checked()
    write(page, page.get_by_role("textbox", name="Reason"), "Which corpus?")
    press(page, page.get_by_role("button", name="Give this verdict to all"))
    confirm_it_is_you(page)
    shows(page, page.get_by_role("heading", level=1, name="2 done"))
    page.keyboard.press("b")
    page.wait_for_url("**/review/")
    expect(page.get_by_role("link", name="Eli Novák")).to_be_visible()


def test_grants_are_suspended_and_extended(open_as: OpenPage, world: World) -> None:
    middle = Release.objects.get(slug="opt-66b")
    first, second = (world.signed(name, middle, days_ago=9) for name in ("ada", "bo"))
    page = open_as("rosa")
    press(page, page.get_by_label("Main").get_by_role("link", name="All grants"))
    page.wait_for_url("**/review/grants/")
    page.keyboard.press("/")
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/grants/?*")
    open_row(page, "Ada Lindqvist")
    press(page, page.get_by_role("radio", name="Suspend"), "Space")
    write(page, page.get_by_role("textbox", name="Reason"), "The institute asks for it.")
    press(page, page.get_by_role("button", name="Change the grant"))
    confirm_it_is_you(page)
    page.wait_for_url("**/review/grants/grt_*/")
    first.refresh_from_db()
    assert first.state == Grant.State.SUSPENDED

    press(page, page.get_by_label("Main").get_by_role("link", name="All grants"))
    page.wait_for_url("**/review/grants/")
    for key in "jxjxb":
        page.keyboard.press(key)
    shows(page, page.get_by_role("heading", level=1, name="2 grants, one change"))
    tab_to(page, page.get_by_role("radio").first)
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("radio", name="Move the end")).to_be_checked()
    until = (second.ends_at + timedelta(days=30)).date()
    write(page, page.get_by_label("Last day of access"), f"{until:%m%d%Y}")
    write(page, page.get_by_role("textbox", name="Reason"), "The cluster was late.")
    press(page, page.get_by_role("button", name="Change all 2"))
    shows(page, page.get_by_role("heading", level=1, name="done"))
    second.refresh_from_db()
    # Access holds through that day.
    assert second.ends_at.date() == until + timedelta(days=1)
