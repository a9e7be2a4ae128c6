"""A new license version: written with a live preview, published, accepted by who holds a grant."""

from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from licenses.models import Grant, LicenseVersion
from portal.core.jobs import run_due
from tests.browser.conftest import OpenPage, keep_picture, prove_it_is_you
from tests.unit.web import papers
from tests.unit.web.world import World
from weights_vault.models import Release


@pytest.fixture
def grant(world: World) -> Grant:
    return world.signed("ada", Release.objects.get(slug="opt-66b"))


def write(page: Page, world: World) -> None:
    page.get_by_role("link", name="Licenses").click()
    page.get_by_role("link", name="OPT noncommercial license").click()
    page.get_by_role("button", name="Begin a draft").click()
    text = page.get_by_label("Text")
    text.fill(text.input_value().replace("within 30 days", "within 14 days"))
    page.get_by_label("Use").select_option("Noncommercial alone")
    due = (world.now + timedelta(days=60)).date()
    page.get_by_label("Holders must accept it by").fill(due.isoformat())


def test_a_new_version_is_written_published_and_accepted(
    open_as: OpenPage, world: World, grant: Grant
) -> None:
    rosa = open_as("rosa")
    write(rosa, world)
    expect(rosa.get_by_role("region", name="As people will read it")).to_contain_text("within 14 days")
    expect(rosa.get_by_role("region", name="As people will read it")).to_contain_text("Noncommercial alone")
    rosa.get_by_role("button", name="Save and go on to publish").click()
    expect(rosa.get_by_text("1 must accept it by")).to_be_visible()
    rosa.get_by_role("button", name="Publish version 2").click()
    prove_it_is_you(rosa)
    expect(rosa.get_by_role("heading", name="Differences from version 1")).to_be_visible()
    run_due(worker="test", now=timezone.now() + timedelta(seconds=1), limit=100)

    ada = open_as("ada")
    ada.goto(f"/grants/{grant.pk}/")
    ada.get_by_role("link", name="Read what changed and accept").click()
    expect(ada.locator("ins", has_text="14")).to_be_visible()
    ada.get_by_label("I have read the whole text above and accept it").check()
    ada.get_by_label("Type your full name to sign").fill("Ada Lindqvist")
    ada.get_by_role("button", name="Accept this version").click()
    prove_it_is_you(ada)
    expect(ada.get_by_text("The new license version is accepted.")).to_be_visible()
    grant.refresh_from_db()
    assert grant.license_version == LicenseVersion.objects.get(number=2)


def test_without_script_a_draft_is_previewed_and_saved(open_as: OpenPage, world: World) -> None:
    draft = papers.drafted(world)
    page = open_as("mika", java_script_enabled=False)
    page.goto(f"/desk/license-drafts/{draft.pk}/")
    page.get_by_label("Text").fill("# Written without script")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="Written without script")).to_be_visible()
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible()
    draft.refresh_from_db()
    assert draft.text == "# Written without script"


def test_the_editor_is_walked_by_keyboard_alone(open_as: OpenPage, world: World) -> None:
    draft = papers.drafted(world)
    page = open_as("rosa")
    page.goto(f"/desk/license-drafts/{draft.pk}/")
    stops = []
    page.get_by_label("Text").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.name || document.activeElement.id"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
    fields = ["preview", "use", "field_of_use", "copies", "redistribution", "derivatives", "publication"]
    assert [stop for stop in dict.fromkeys(stops) if stop in fields] == fields


def test_two_who_write_one_draft_see_each_other(open_as: OpenPage, world: World, tmp_path: Path) -> None:
    draft = papers.drafted(world)
    rosa, mika = open_as("rosa"), open_as("mika")
    for page in (rosa, mika):
        page.goto(f"/desk/license-drafts/{draft.pk}/")
    mika.get_by_label("Text").fill(papers.NEWER.replace("within 14 days", "within 21 days"))
    mika.get_by_role("button", name="Save the draft").click()
    expect(mika.get_by_text("The draft is saved.")).to_be_visible()
    rosa.get_by_label("Text").fill(papers.NEWER.replace("five copies", "six copies"))
    rosa.get_by_role("button", name="Save the draft").click()
    expect(rosa.get_by_role("heading", name="Mika Laine saved this draft while you wrote")).to_be_visible()
    keep_picture(rosa, tmp_path / "both.png")
    assert not Axe().run(rosa).response["violations"]
    rosa.get_by_role("button", name="Save the draft").click()
    expect(rosa.get_by_text("The draft is saved.")).to_be_visible()
    draft.refresh_from_db()
    assert "six copies" in draft.text
