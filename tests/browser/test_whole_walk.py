"""From a stranger to a recipient who hands everything back: on the pages, and by `weights`."""

import re
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from time_machine import TimeMachineFixture

from licenses.clock.ends import remind_of_ends
from licenses.models import Grant
from portal.accounts.principals import system_principal
from tests.browser import walking
from tests.browser.conftest import OpenPage, prove_it_is_you
from tests.browser.walking import approve, do_jobs, press, save, sign, write
from tests.unit.vault.fakes import passes
from tests.unit.vault.folders import write_folder
from tests.unit.web.world import PASSWORD, World
from weights_vault.actions.publish import publish_folder
from weights_vault.ingest.progress import SilentProgress

ADDRESS = "nora@phonetics.example.edu"
PURPOSE = "What will you use the weights for?"
SLUG, TITLE = "opt-125m", "OPT-125M"

pytestmark = pytest.mark.database


@pytest.fixture
def published(world: World, live_server: LiveServer, settings: Settings, tmp_path: Path) -> Path:
    """A release with real files, and a portal that knows its address; the publisher's folder."""
    settings.PORTAL_URL = live_server.url
    folder = write_folder(tmp_path / "published")
    publish_folder(
        release=world.release(SLUG, TITLE, "The smallest of the family."),
        name="v1",
        folder=folder,
        by=system_principal("publish"),
        clock=timezone.now,
        progress=SilentProgress(),
        run=passes,
    )
    return folder


def newest_mail(address: str, subject: str = "") -> str:
    do_jobs()
    sent = [each for each in mail.outbox if address in each.to and subject in each.subject]
    assert sent, [each.subject for each in mail.outbox]
    return str(sent[-1].body)


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
    code = re.search(r"^([A-Z0-9]{4,}(?:-[A-Z0-9]+)*)\s*$", newest_mail(ADDRESS), re.MULTILINE)
    assert code is not None
    page.get_by_label("Code").fill(code[1])
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Releases")).to_be_visible()


def ask(page: Page) -> None:
    """By keyboard alone. Sent first without the license: the summary has the focus and leads to the field."""
    press(page, page.get_by_role("link", name=TITLE, exact=True))
    page.wait_for_url(f"**/releases/{SLUG}/")
    press(page, page.get_by_role("link", name="Ask for access"))
    page.wait_for_url("**/request/")
    write(page, page.get_by_label(PURPOSE), "We study prosody in generated speech.")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Researcher")).to_be_checked()
    press(page, page.get_by_label("The use is noncommercial."), "Space")
    press(page, page.get_by_role("button", name="Send the request"))
    expect(page.get_by_role("alert")).to_be_focused()
    press(page, page.get_by_role("link", name="I have read this license"))
    page.keyboard.press("Space")
    press(page, page.get_by_role("button", name="Send the request"))
    expect(page.get_by_text("Your request is sent.")).to_be_visible()


def question(page: Page) -> None:
    """A reviewer asks, by keyboard alone."""
    press(page, page.get_by_label("Main").get_by_role("link", name="Review", exact=True))
    page.wait_for_url("**/review/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/req_*/")
    page.keyboard.press("m")
    page.keyboard.type("Which corpus do you generate from?")
    press(page, page.get_by_label("I need an answer"), "Space")
    press(page, page.get_by_role("button", name="Send to the applicant"))
    expect(page.get_by_text("Your question is sent")).to_be_visible()


def answer(page: Page) -> None:
    """The mail leads to the page; the answer is given there."""
    address = re.search(r"https?://\S+/requests/\S+", newest_mail(ADDRESS))
    assert address is not None
    page.goto(address[0])
    expect(page.get_by_text("Which corpus do you generate from?")).to_be_visible()
    page.get_by_label("Your answer").fill("LibriSpeech alone.")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_text("Your message is sent")).to_be_visible()


def check_agreement(page: Page, folder: Path, link: str = "License agreement") -> None:
    """Download a signed document, and let the operator's command check it, whole and with one bit changed."""
    do_jobs()
    page.reload()
    file, said = save(page, link, folder), StringIO()
    call_command("agreement", "verify", str(file), stdout=said)
    assert "The signature holds: nothing was changed since." in said.getvalue()
    assert "byte for byte" in said.getvalue()
    changed = bytearray(file.read_bytes())
    changed[len(changed) // 2] ^= 1
    file.write_bytes(changed)
    with pytest.raises(CommandError, match="does not hold"):
        call_command("agreement", "verify", str(file))


def download(page: Page, portal: str, home: Path, folder: Path) -> None:
    """A token from the page, `weights login`, `weights download`; the new key is confirmed in the browser."""
    page.locator(".menu > summary").click()
    page.get_by_role("link", name="Devices and tokens").click()
    page.get_by_label("Name").fill("cluster")
    page.get_by_role("button", name="Make the token").click()
    secret = page.locator(".secret").inner_text()
    walking.weights(home, "login", "--portal", portal, "--token", typed=f"{secret}\n")

    def confirm(address: str, code: str) -> None:
        page.goto(address)
        expect(page.get_by_label("Code", exact=True)).to_have_text(code)
        page.get_by_role("button", name="The codes match: confirm").click()
        expect(page.get_by_text("Nothing more to do here.")).to_be_visible()

    walking.weights_confirmed(home, "download", SLUG, "--to", str(folder), confirm=confirm)


def open_grant(page: Page) -> None:
    page.get_by_label("Main").get_by_role("link", name="My grants").click()
    page.get_by_role("link", name=TITLE).first.click()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()


def renew(page: Page) -> None:
    """The mail of a grant that ends leads to its page, after signing in; the form asks one thing."""
    address = re.search(r"https?://\S+/grants/\S+", newest_mail(ADDRESS, "ends"))
    assert address is not None
    page.goto(address[0])
    walking.sign_in_again(page, ADDRESS)
    page.get_by_role("button", name="Renew this access").click()
    page.get_by_label("What did you do with the weights so far?").fill("A paper on prosody is in review.")
    page.get_by_label("I have read this license").check()
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_text("Your request is sent.")).to_be_visible()


def close_out(page: Page) -> None:
    page.get_by_role("link", name="Done with the weights? Close this grant").click()
    page.get_by_label("How many copies did you have?").fill("1")
    page.get_by_label("How were they destroyed?").fill("Deleted from the cluster; it keeps no backups.")
    page.get_by_label("When was the last one destroyed?").fill(timezone.now().date().isoformat())
    page.get_by_label("Every copy is destroyed").check()
    page.get_by_label("Type your full name to certify").fill("Nora Haugen")
    page.get_by_role("button", name="Certify and close the grant").click()
    prove_it_is_you(page)
    expect(page.get_by_text("Closed out", exact=True).first).to_be_visible()


def test_from_sign_up_to_the_certificate_of_destruction(
    open_as: OpenPage,
    published: Path,
    live_server: LiveServer,
    tmp_path: Path,
    time_machine: TimeMachineFixture,
) -> None:
    nora, copy = open_as(), tmp_path / "copy"
    sign_up(nora)
    ask(nora)
    question(rosa := open_as("rosa"))
    answer(nora)
    approve(rosa, "Nora Haugen")
    approve(open_as("ravi"), "Nora Haugen")
    sign(nora, "Nora Haugen")
    open_grant(nora)
    check_agreement(nora, tmp_path)
    download(nora, live_server.url, tmp_path / "home", copy)
    for file in published.glob("*.safetensors"):
        assert (copy / file.name).read_bytes() == file.read_bytes()

    first = Grant.objects.get()
    time_machine.move_to(first.ends_at - timedelta(days=30))
    remind_of_ends(now=timezone.now())
    renew(nora)
    for reviewer in ("rosa", "ravi"):
        approve(open_as(reviewer), "Nora Haugen")
    sign(nora, "Nora Haugen")
    second = Grant.objects.get(state="active")
    assert second.ends_at - first.ends_at == first.ends_at - first.starts_at

    open_grant(nora)
    time_machine.shift(timedelta(minutes=10))  # what was proved at the signature is no longer fresh
    close_out(nora)
    check_agreement(nora, tmp_path, "Certificate of destruction")
    assert not Grant.objects.filter(state="active").exists()
