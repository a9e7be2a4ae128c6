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

from tests.browser.conftest import OpenPage, keep_picture, prove_it_is_you
from tests.browser.furnishing import furnish
from tests.browser.pages import LOOKS, Look
from tests.unit.web.world import World

MODES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}

ASKS_AGAIN = "/accounts/reauthenticate/"

pytestmark = pytest.mark.slow

# What axe leaves to people, said by the page itself. Each line of the answer is one fault.
OUT_OF_ORDER = """() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const named = (element) => element.getAttribute("aria-label") || element.getAttribute("aria-labelledby");
  const faults = [];
  const levels = all("h1, h2, h3, h4, h5, h6").map((heading) => Number(heading.tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) faults.push("not exactly one h1");
  if (levels.some((level, i) => level > (levels[i - 1] || 0) + 1)) faults.push(`headings jump: ${levels}`);
  for (const field of all("input:not([type=hidden]), select, textarea"))
    if (!field.labels.length && !named(field)) faults.push(`no label: ${field.name}`);
  const ids = all("[id]").map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id twice: ${id}`);
  for (const element of all("[tabindex]")) if (element.tabIndex > 0) faults.push(`own order: ${element.id}`);
  for (const element of all("a[href], button"))
    if (!element.textContent.trim() && !named(element)) faults.push(`no text: ${element.outerHTML}`);
  // Tables that people wrote in Markdown have no captions; the heading before them says what they are.
  for (const table of all("table"))
    if (!table.caption && !table.closest(".prose")) faults.push("table without caption");
  for (const cell of all("th")) if (!cell.scope) faults.push(`heading of nothing: ${cell.textContent}`);
  for (const said of ["aria-describedby", "aria-labelledby", "aria-controls"])
    for (const element of all(`[${said}]`))
      for (const id of element.getAttribute(said).split(/\\s+/).filter(Boolean))
        if (!ids.includes(id)) faults.push(`${said} of nothing: ${id}`);
  for (const link of all('a[href^="#"]'))
    if (!ids.includes(link.hash.slice(1))) faults.push(`link to nothing: ${link.hash}`);
  // In one column what is read first is seen first. Side by side, whole lines count.
  if (innerWidth < 600) {
    const scrolls = (box) => getComputedStyle(box).overflowY !== "visible";
    const clips = (box) => scrolls(box) && box.scrollHeight > box.clientHeight;
    const within = (box) => box && box !== document.body && (clips(box) || within(box.parentElement));
    const shown = (element) => element.checkVisibility() && !within(element.parentElement);
    const seen = all(".masthead :is(a, summary), main :is(h1, h2, h3, .button)").filter(shown);
    const boxes = seen.map((each) => each.getBoundingClientRect());
    boxes.forEach((box, i) => {
      if (i && box.bottom <= boxes[i - 1].top)
        faults.push(`above what is read before: ${seen[i].textContent.trim()}`);
    });
  }
  const landmarks = all("nav").map(named);
  if (landmarks.includes(null)) faults.push("nav without name");
  if (new Set(landmarks).size < landmarks.length) faults.push(`navs of one name: ${landmarks}`);
  return faults;
}"""


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
        prove_if_asked(page, look)
        if look.then is not None:
            look.then(page)
            prove_if_asked(page, look)
        yield look, page


def prove_if_asked(page: Page, look: Look) -> None:
    if page.url.partition("?")[0].endswith(ASKS_AGAIN) and look.address != ASKS_AGAIN:
        prove_it_is_you(page)
        # What was sent is then done at this same address.
        assert not page.get_by_role("button", name="Continue", exact=True).count(), look.name


def faults_of(page: Page) -> list[object]:
    """What is wrong with the page that is open: for screen readers, in its width, in what it loads."""
    found: list[object] = [
        (violation["id"], [node["html"][:120] for node in violation["nodes"]])
        for violation in Axe().run(page).response["violations"]
    ]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append("wider than its screen")
    found.extend(page.evaluate(OUT_OF_ORDER))
    resources = "performance.getEntriesByType('resource')"
    found.extend(page.evaluate(f"{resources}.filter(e => e.responseStatus >= 400).map(e => e.name)"))
    return found


@pytest.mark.parametrize("mode", MODES)
def test_every_page_is_in_order(
    open_as: OpenPage, names: Mapping[str, str], tmp_path: Path, mode: str
) -> None:
    folder, faults = Path(os.environ.get("SCREENSHOTS") or tmp_path), {}
    for look, page in tour(open_as, names, **MODES[mode]):
        keep_picture(page, folder / f"{look.name}-{mode}.png")
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
