"""Each page, seen as people see it: by screen readers, in light and dark, on a narrow screen, on paper.

With SCREENSHOTS set to a folder the pictures are kept there; otherwise they go where pytest keeps its own.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.browser.pages import LOOKS, Look, furnish
from tests.unit.web.world import World

MODES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}


@pytest.fixture
def names(world: World) -> Mapping[str, str]:
    return furnish(world)


def tour(open_as: OpenPage, names: Mapping[str, str], **settings: Any) -> Iterator[tuple[Look, Page]]:
    """Each page once, with one browser a reader."""
    readers: dict[str | None, Page] = {}
    for look in LOOKS:
        if look.reader not in readers:
            readers[look.reader] = open_as(look.reader, **settings)
        page = readers[look.reader]
        response = page.goto(look.address.format_map(names))
        assert response is not None
        assert response.status == look.status, look.name
        yield look, page


def faults_of(page: Page) -> list[object]:
    """What is wrong with the page that is open: for screen readers, in its width, in what it loads."""
    found: list[object] = [
        (violation["id"], [node["html"][:120] for node in violation["nodes"]])
        for violation in Axe().run(page).response["violations"]
    ]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append("wider than its screen")
    resources = "performance.getEntriesByType('resource')"
    found.extend(page.evaluate(f"{resources}.filter(e => e.responseStatus >= 400).map(e => e.name)"))
    return found


@pytest.mark.parametrize("mode", MODES)
def test_every_page_is_in_order(
    open_as: OpenPage, names: Mapping[str, str], tmp_path: Path, mode: str
) -> None:
    folder, faults = Path(os.environ.get("SCREENSHOTS") or tmp_path), {}
    for look, page in tour(open_as, names, **MODES[mode]):
        page.screenshot(path=folder / f"{look.name}-{mode}.png", full_page=True)
        if found := faults_of(page):
            faults[look.name] = found

    assert faults == {}


def test_a_license_prints_without_the_site_around_it(open_as: OpenPage, names: Mapping[str, str]) -> None:
    page = open_as()
    page.goto(f"/licenses/{names['license']}/")
    page.emulate_media(media="print")

    assert page.get_by_text("without any warranty").is_visible()
    assert not page.get_by_role("navigation").first.is_visible()
    assert not page.get_by_role("contentinfo").is_visible()


@pytest.mark.parametrize(
    ("reader", "address"),
    [
        (None, "/licenses/{license}/"),
        ("eli", "/requests/{approved}/sign/"),
        ("ada", "/grants/{grant}/accept/"),
        ("dana", "/master-agreements/{master}/"),
    ],
)
def test_legal_text_on_paper_names_itself_on_each_sheet(
    open_as: OpenPage, names: Mapping[str, str], reader: str | None, address: str
) -> None:
    page = open_as(reader)
    page.goto(address.format_map(names))
    foot = page.locator(".print-foot")
    assert not foot.is_visible()
    page.emulate_media(media="print")
    assert foot.is_visible()
    # What browsers repeat at the foot of each sheet, and nothing else.
    assert foot.evaluate("e => getComputedStyle(e).display") == "table-footer-group"
    assert re.search(r", version \d+ · SHA-256 [0-9a-f]{64}$", foot.inner_text())
    assert not page.locator("form, .button, nav").locator("visible=true").count()
