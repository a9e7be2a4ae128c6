"""A stranger becomes a recipient: sign up with a code, ask, two votes, sign, the grant's page."""

import re

from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.core.jobs import run_due
from tests.browser.conftest import OpenPage, prove_it_is_you
from tests.unit.web.world import PASSWORD

ADDRESS = "nora@phonetics.example.edu"


def code_from_mail(address: str) -> str:
    """The newest code that was mailed to this address."""
    run_due(worker="test", now=timezone.now(), limit=100)
    message = next(each for each in reversed(mail.outbox) if address in each.to)
    found = re.search(r"^([A-Z0-9]{4,}(?:-[A-Z0-9]+)*)\s*$", str(message.body), re.MULTILINE)
    assert found is not None, message.body
    return found[1]


def sign_up(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Full name").fill("Nora Haugen")
    page.get_by_label("Email").fill(ADDRESS)
    page.get_by_label("Organization").fill("Example Phonetics Lab")
    page.get_by_label("Country").select_option(label="Norway")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Confirm your address")).to_be_visible()
    page.get_by_label("Code").fill(code_from_mail(ADDRESS))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Releases")).to_be_visible()


def ask(page: Page) -> None:
    page.get_by_role("link", name="OPT-175B", exact=True).click()
    page.get_by_role("link", name="Ask for access").click()
    page.get_by_label("What will you use the weights for?").fill("We study prosody in generated speech.")
    page.get_by_label("Researcher").check()
    page.get_by_label("The use is noncommercial.").check()
    page.get_by_role("button", name="Send the request").click()
    # Sent without reading the license: the summary has the focus and leads to the field.
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("link", name="I have read this license").click()
    page.get_by_label("I have read this license").check()
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_text("Your request is sent.")).to_be_visible()


def approve(page: Page) -> None:
    page.get_by_role("link", name="Review", exact=True).click()
    page.get_by_role("link", name="Nora Haugen").click()
    page.get_by_label("Approve").check()
    page.get_by_role("button", name="Give this verdict").click()
    prove_it_is_you(page)
    expect(page.get_by_text("Your verdict is recorded.")).to_be_visible()


def sign(page: Page) -> None:
    page.get_by_label("Main").get_by_role("link", name="My requests").click()
    page.get_by_role("link", name="Read and sign").click()
    page.get_by_label("I have read the whole text above").check()
    page.get_by_label("Type your full name").fill("Nora Haugen")
    page.get_by_role("button", name="Sign the license").click()
    prove_it_is_you(page)
    expect(page.get_by_text("The license is signed")).to_be_visible()


def test_from_sign_up_to_a_grant(open_as: OpenPage) -> None:
    nora = open_as()
    sign_up(nora)
    ask(nora)
    for reviewer in ("rosa", "ravi"):
        approve(open_as(reviewer))
    sign(nora)

    nora.get_by_role("link", name="OPT-175B").click()

    expect(nora.get_by_text("weights download opt-175b --to opt-175b")).to_be_visible()
    expect(nora.get_by_text("Active", exact=True).first).to_be_visible()
