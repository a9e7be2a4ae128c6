"""Declined with a reason that staff keep ready; an appeal; other reviewers approve."""

import re

import pytest
from playwright.sync_api import Page, expect

from licenses import actions
from licenses.models import Request
from tests.browser.conftest import OpenPage, prove_it_is_you
from tests.browser.test_every_page import faults_of
from tests.browser.walking import approve, sign
from tests.unit.web.world import World
from weights_vault.models import Release

REASON = "The use you describe is not permitted by the license."


@pytest.fixture
def submitted(world: World) -> Request:
    for name, full_name in (("remy", "Rémy Aubert"), ("runa", "Runa Dahl")):
        world.person(f"{name}@portal.example.org", full_name, "Weights Portal", "NO", ("reviewer",))
    actions.keep_shipped_reasons(by=world.by("rosa"), now=world.now)
    return world.submitted("ada", Release.objects.get(slug="opt-175b"))


def decline(page: Page) -> None:
    """The kept reason fills the form; it is read once more as the applicant will read it."""
    page.get_by_role("link", name="Review", exact=True).click()
    page.get_by_role("link", name="Ada Lindqvist").click()
    page.get_by_label("A reason kept ready").select_option("Use outside the license")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("radio", name="Decline")).to_be_checked()
    expect(page.get_by_role("textbox", name="Reason")).to_have_value(re.compile(re.escape(REASON)))
    page.get_by_role("button", name="Give this verdict").click()
    expect(page.get_by_role("heading", name="What the applicant will read")).to_be_visible()
    page.get_by_role("button", name="Decline it").click()
    prove_it_is_you(page)
    expect(page.get_by_text("Your verdict is recorded")).to_be_visible()


def appeal(page: Page) -> None:
    page.get_by_role("link", name="My requests").click()
    page.get_by_role("link", name="OPT-175B", exact=True).click()
    expect(page.get_by_text(REASON).first).to_be_visible()
    page.get_by_role("link", name="Appeal").click()
    page.get_by_label("Why should it be decided otherwise?").fill("Our grant forbids any commercial use.")
    page.get_by_role("button", name="Send the appeal").click()
    expect(page.get_by_text("Your appeal is sent")).to_be_visible()


def test_a_declined_request_is_approved_by_others_on_appeal(open_as: OpenPage, submitted: Request) -> None:
    """R6: whoever voted first has no say in the appeal."""
    rosa, ada = open_as("rosa"), open_as("ada")
    decline(rosa)
    decline(open_as("ravi"))
    appeal(ada)

    rosa.reload()
    expect(rosa.get_by_role("button", name="Give this verdict")).to_have_count(0)
    expect(rosa.get_by_text("The same as in version 1.")).to_be_visible()
    assert faults_of(rosa) == []
    for name in ("remy", "runa"):
        approve(open_as(name), "Ada Lindqvist")
    sign(ada, "Ada Lindqvist")
