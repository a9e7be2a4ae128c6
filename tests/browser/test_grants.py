"""Legal staff change several grants at once: by mouse, by keyboard, without JavaScript; pages in order."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from licenses.models import Grant, ReasonTemplate
from tests.browser.conftest import OpenPage, keep_picture, prove_it_is_you
from tests.browser.test_every_page import MODES, faults_of
from tests.unit.web.world import World
from weights_vault.models import Release


@pytest.fixture
def grants(world: World) -> list[Grant]:
    middle = Release.objects.get(slug="opt-66b")
    ReasonTemplate.objects.create(
        verdict="grant",
        title="The institute closed",
        text="Your institute closed; write to us if you work elsewhere.",
        updated_at=world.now,
        updated_by="system:test",
    )
    return [world.signed(name, middle, days_ago=9) for name in ("ada", "bo")]


def picture(page: Page, name: str, folder: Path) -> None:
    keep_picture(page, Path(os.environ.get("SCREENSHOTS") or folder) / f"{name}.png")


@pytest.mark.parametrize("mode", MODES)
def test_every_page_on_the_way_is_in_order(
    open_as: OpenPage, grants: list[Grant], tmp_path: Path, mode: str
) -> None:
    page = open_as("rosa", **MODES[mode])
    page.goto("/review/grants/?license=opt-nc")
    page.get_by_label("Select the grant of Ada").check()
    page.get_by_role("button", name="Change together").click()
    assert faults_of(page) == []
    picture(page, f"grants-together-{mode}", tmp_path)
    page.get_by_label("Move the end").check()
    page.get_by_role("button", name="Change it").click()
    page.get_by_label("Reason", exact=True).fill("The cluster was late.")
    page.get_by_role("button", name="Change it").click()
    assert page.get_by_role("alert").get_by_text("Say until when.").is_visible()
    assert faults_of(page) == []
    picture(page, f"grants-together-wrong-{mode}", tmp_path)
    page.get_by_label("Suspend").check()
    page.get_by_role("button", name="Change it").click()
    prove_it_is_you(page)
    page.get_by_role("heading", name="1 done").wait_for()
    assert faults_of(page) == []
    picture(page, f"grants-changed-{mode}", tmp_path)


@pytest.mark.parametrize("javascript", [True, False], ids=["with", "without"])
def test_all_of_a_license_by_keyboard_alone(open_as: OpenPage, grants: list[Grant], javascript: bool) -> None:
    settings: dict[str, Any] = {"java_script_enabled": javascript}
    page = open_as("rosa", **settings)
    page.goto("/review/grants/?license=opt-nc")
    page.get_by_role("button", name="Change all 2 of OPT noncommercial license").press("Enter")
    page.get_by_label("Suspend").press("Space")
    page.get_by_label("A reason kept ready").select_option("The institute closed")
    page.get_by_role("button", name="Use it").press("Enter")
    reason = page.get_by_label("Reason", exact=True)
    assert reason.input_value().startswith("Your institute closed")
    page.get_by_role("button", name="Change all 2").press("Enter")
    prove_it_is_you(page)
    page.get_by_role("heading", name="2 done").wait_for()
    assert set(Grant.objects.values_list("state", flat=True)) == {"suspended"}
