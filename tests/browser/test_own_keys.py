"""By keyboard alone: from a question to the certificate, a license published, one's own account."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from licenses import actions
from licenses.models import Grant, LicenseVersion
from tests.browser.conftest import OpenPage
from tests.browser.test_desk_keys import confirm_it_is_you, shows
from tests.browser.walking import press, tab_to, write
from tests.unit.web.world import World
from weights_vault.models import Release


def answer(page: Page) -> None:
    press(page, page.get_by_role("link", name="Answer the question"))
    page.wait_for_url("**/requests/req_*/#messages")
    # The way leads into the thread: the field is next.
    page.keyboard.press("Tab")
    expect(page.get_by_label("Your answer")).to_be_focused()
    page.keyboard.type("The Pile.")
    press(page, page.get_by_role("button", name="Send the answer"))
    shows(page, page.get_by_text("Your message is sent"))


def sign(page: Page) -> None:
    press(page, page.get_by_role("link", name="Read and sign"))
    page.wait_for_url("**/sign/")
    press(page, page.get_by_role("link", name="Skip to the content"))
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="Sign the license")).to_be_in_viewport()
    press(page, page.get_by_label("I have read the whole text above"), "Space")
    write(page, page.get_by_label("Type your full name"), "Ada Lindqvist")
    page.keyboard.press("Enter")
    confirm_it_is_you(page)
    shows(page, page.get_by_text("The license is signed"))


def renew(page: Page) -> None:
    """What is saved meanwhile does not take the focus away."""
    press(page, page.get_by_role("button", name="Renew this access"))
    page.wait_for_url("**/edit/")
    write(page, page.get_by_label("What did you do with the weights so far?"), "A paper.")
    expect(page.locator("#saved")).to_contain_text("Saved")
    expect(page.get_by_label("What did you do with the weights so far?")).to_be_focused()
    press(page, page.get_by_label("I have read this license"), "Space")
    press(page, page.get_by_role("button", name="Send the request"))
    shows(page, page.get_by_text("Your request is sent."))


def close_out(page: Page, world: World) -> None:
    press(page, page.get_by_role("link", name="Done with the weights? Close this grant"))
    page.wait_for_url("**/close/")
    write(page, page.get_by_label("How many copies did you have?"), "1")
    write(page, page.get_by_label("How were they destroyed?"), "Deleted from the cluster; no backups.")
    write(page, page.get_by_label("When was the last one destroyed?"), f"{world.now:%m%d%Y}")
    press(page, page.get_by_label("Every copy is destroyed"), "Space")
    write(page, page.get_by_label("Type your full name to certify"), "Ada Lindqvist")
    press(page, page.get_by_role("button", name="Certify and close the grant"))
    expect(page.get_by_text("Closed out", exact=True).first).to_be_visible()


def test_a_question_is_answered_a_license_signed_renewed_and_closed_out(
    open_as: OpenPage, world: World
) -> None:
    request = world.submitted("ada", Release.objects.get(slug="opt-66b"), days_ago=3)
    actions.ask(request=request, text="Which corpus?", by=world.by("ravi"), now=world.ago(1))
    page = open_as("ada")
    page.goto("/requests/")
    answer(page)
    for reviewer in ("rosa", "ravi"):
        world.vote(request, reviewer)
    press(page, page.get_by_label("Main").get_by_role("link", name="My requests"))
    page.wait_for_url("**/requests/")
    sign(page)

    grant = Grant.objects.get()
    Grant.objects.update(ends_at=world.now + timedelta(days=21))
    page.goto(f"/grants/{grant.pk}/")
    renew(page)
    page.goto(f"/grants/{grant.pk}/")
    close_out(page, world)
    grant.refresh_from_db()
    assert grant.state == Grant.State.CLOSED


def test_a_license_is_written_looked_at_and_published(open_as: OpenPage, world: World) -> None:
    page = open_as("rosa")
    press(page, page.get_by_label("Main").get_by_role("link", name="Licenses"))
    page.wait_for_url("**/desk/licenses/")
    press(page, page.get_by_role("link", name="OPT noncommercial license"))
    page.wait_for_url("**/desk/licenses/opt-nc/")
    press(page, page.get_by_role("button", name="Begin a draft"))
    page.wait_for_url("**/license-drafts/*/")
    text = page.get_by_role("textbox", name="Text")
    tab_to(page, text)
    page.keyboard.press("Control+End")
    page.keyboard.type("\n8. **Law.** The law of Sweden applies.\n")
    expect(page.get_by_role("region", name="As people will read it")).to_contain_text("law of Sweden")
    # The preview is put beside the text while one types: one stays in the text, and Tab leads on to it.
    expect(text).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("region", name="As people will read it")).to_be_focused()
    write(page, page.get_by_label("Holders must accept it by"), f"{world.now + timedelta(days=60):%m%d%Y}")
    press(page, page.get_by_role("button", name="Save and go on to publish"))
    page.wait_for_url("**/publish/")
    press(page, page.get_by_role("button", name="Publish version 2"))
    confirm_it_is_you(page)
    expect(page.get_by_role("heading", name="Differences from version 1")).to_be_visible()
    assert "The law of Sweden" in LicenseVersion.objects.get(number=2).text


def test_the_account_menu_leads_to_ones_details_and_data(open_as: OpenPage, world: World) -> None:
    page = open_as("ada")
    menu = page.locator(".menu")
    press(page, menu.locator("summary"))
    press(page, page.get_by_role("link", name="Your details"))
    page.wait_for_url("**/account/")
    tab_to(page, page.get_by_label("Full name"))
    page.keyboard.press("Control+A")
    page.keyboard.type("Ada M. Lindqvist")
    page.keyboard.press("Enter")
    confirm_it_is_you(page)
    shows(page, page.get_by_text("Your details are saved."))

    # The menu closes with Escape, and when the focus goes on out of it: it then covers nothing.
    press(page, menu.locator("summary"))
    page.keyboard.press("Escape")
    expect(menu.locator("summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    tab_to(page, page.get_by_label("Full name"))
    expect(menu).not_to_have_attribute("open", "")

    press(page, menu.locator("summary"))
    press(page, page.get_by_role("link", name="Your data"))
    page.wait_for_url("**/account/data/")
    tab_to(page, page.get_by_role("button", name="Download my data"))
    # A file comes and the page stays; it can be asked for again.
    for _ in range(2):
        with page.expect_download() as waiting:
            page.keyboard.press("Enter")
        assert waiting.value.suggested_filename.endswith(".json")
    world.people["ada"].refresh_from_db()
    assert world.people["ada"].full_name == "Ada M. Lindqvist"
