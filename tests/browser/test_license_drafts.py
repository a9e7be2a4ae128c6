"""A license draft on paper, and what it changes on a wide and on a narrow screen."""

import os
from pathlib import Path

import pytest

from tests.browser.conftest import OpenPage, keep_picture
from tests.unit.web.papers import drafted
from tests.unit.web.world import World


def test_a_draft_prints_its_text_and_its_summary(open_as: OpenPage, world: World) -> None:
    page = open_as("rosa")
    page.goto(f"/desk/license-drafts/{drafted(world).pk}/")
    page.emulate_media(media="print")

    assert page.locator("#preview").get_by_text("within 14 days").is_visible()
    assert page.locator("#preview").get_by_text("Noncommercial alone").is_visible()
    assert not page.locator("textarea, select, button, nav, h2#dates").locator("visible=true").count()
    assert page.locator("#preview").evaluate("e => e.scrollHeight <= e.clientHeight")


@pytest.mark.parametrize("width", [1280, 390])
def test_what_a_draft_changes_fits_the_screen(
    open_as: OpenPage, world: World, tmp_path: Path, width: int
) -> None:
    page = open_as("rosa", viewport={"width": width, "height": 900})
    page.goto(f"/desk/license-drafts/{drafted(world).pk}/publish/")
    places = page.get_by_role("region", name="What differs, passage by passage")

    assert places.get_by_text("Security.").is_visible()
    assert places.evaluate("e => e.scrollWidth <= e.clientWidth")
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    keep_picture(page, folder / f"what-a-draft-changes-{width}.png")
