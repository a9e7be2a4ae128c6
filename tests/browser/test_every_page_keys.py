"""Each page walked with Tab alone: everything is reached, in order, and one sees where one is."""

from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser.conftest import OpenPage
from tests.browser.furnishing import furnish
from tests.browser.test_every_page import tour
from tests.unit.web.world import World

WIDE: ViewportSize = {"width": 1280, "height": 720}
NARROW: ViewportSize = {"width": 390, "height": 720}
# No smooth scrolling: the focus is looked at where it comes to rest.
SETTINGS: dict[str, Any] = {"color_scheme": "light", "viewport": WIDE, "reduced_motion": "reduce"}
# Parts of a date are stops of their own within one field.
PRESSES_A_FIELD = 8

pytestmark = pytest.mark.slow


# Everything that Tab should stop at, in the order of the document, with its shadow while it has no focus. Of
# radio buttons of one name one is a stop. Returns their number; the walk then begins before the first.
EXPECT = """() => {
  const CAN = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const group = (radio) => [...document.querySelectorAll("[type=radio]")]
    .filter((each) => each.name === radio.name && each.form === radio.form && !each.disabled);
  const stops = (element) => {
    if (element.disabled || element.tabIndex < 0) return false;
    if (!element.checkVisibility({ visibilityProperty: true })) return false;
    if (element.type !== "radio") return true;
    const all = group(element);
    return element === (all.find((each) => each.checked) || all[0]);
  };
  document.activeElement.blur();
  window.scrollTo(0, 0);
  window.expected = [...document.querySelectorAll(CAN)].filter(stops);
  window.shadows = new Map(window.expected.map((element) => [element, getComputedStyle(element).boxShadow]));
  window.stood = [];
  window.nameOf = (element) =>
    `${element.tagName} ${element.name || element.id || element.textContent.trim().slice(0, 40)}`;
  const before = document.createElement("i");
  before.tabIndex = -1;
  document.body.prepend(before);
  before.focus();
  before.remove();
  return window.expected.length;
}"""

# After a press: what is wrong where the focus is now, or null when the walk is over.
STAND = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return null;
  if (window.stood.at(-1) === here) return [];
  if (window.stood.includes(here)) return null;
  window.stood.push(here);
  const faults = [], style = getComputedStyle(here);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const shadow = window.shadows.has(here) && window.shadows.get(here) !== style.boxShadow;
  if (!ring && !shadow) faults.push(`focus not seen: ${nameOf(here)}`);
  const place = here.getClientRects()[0];
  const [left, top] = [Math.max(place.left, 0), Math.max(place.top, 0)];
  const [right, bottom] = [Math.min(place.right, innerWidth), Math.min(place.bottom, innerHeight)];
  const seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const own = seen && (here.contains(seen) || [...(here.labels || [])].some((label) => label.contains(seen)));
  if (!own) faults.push(`focus hidden: ${nameOf(here)} under ${seen && seen.outerHTML.slice(0, 60)}`);
  return faults;
}"""

# Boxes that scroll may be stops too; they stand in no list.
COMPARE = """() => {
  const walked = window.stood.filter((element) => window.expected.includes(element));
  const missed = window.expected.filter((element) => !walked.includes(element));
  const faults = missed.map((element) => `not reached: ${nameOf(element)}`);
  const order = window.expected.filter((element) => walked.includes(element));
  const strays = order.filter((element, i) => walked[i] !== element);
  faults.push(...strays.map((element) => `not in its turn: ${nameOf(element)}`));
  if (!order[0].matches(".skip")) faults.push("the way to the content is not first");
  return faults;
}"""

# Who hears a list of the links, or of the parts of a page, tells them apart by their names alone.
NAMES = """() => {
  const aside = (element) => !element.ariaLabel && !element.getAttribute("aria-labelledby");
  const faults = [...document.querySelectorAll("aside")].filter(aside).map(() => "a panel without a name");
  const places = {};
  for (const link of document.querySelectorAll("main a[href]")) {
    const name = (link.ariaLabel || link.textContent).trim().replace(/\\s+/g, " ");
    (places[name] ||= new Set()).add(link.href);
  }
  const many = Object.entries(places).filter(([, all]) => all.size > 1);
  return [...faults, ...many.map(([name, all]) => `one name, ${all.size} places: ${name}`)];
}"""

# Does each stop stand below the one before, or beside it on the right? What stands in another column, or in a
# box that scrolls by itself, cannot be compared. left_out: a selector of what is beside the column looked at.
ORDER = """(left_out) => {
  const box = (element) => {
    for (let up = element.parentElement; up && up !== document.body; up = up.parentElement)
      if (/auto|scroll/.test(getComputedStyle(up).overflowY) && up.scrollHeight > up.clientHeight) return up;
    return null;
  };
  const looked_at = (each) => each.closest("main") && !(left_out && each.closest(left_out));
  const stops = window.expected.filter(looked_at);
  return stops.slice(1).filter((next, i) => {
    const last = stops[i], a = last.getBoundingClientRect(), b = next.getBoundingClientRect();
    if (box(last) !== box(next)) return false;
    const beside = b.top < a.bottom && a.top < b.bottom, over = b.left < a.right && a.left < b.right;
    return beside ? b.right <= a.left && b.top <= a.top : over && b.bottom <= a.top;
  }).map((next) => `stands before what comes first: ${nameOf(next)}`);
}"""


@pytest.fixture
def names(world: World) -> Mapping[str, str]:
    return furnish(world)


def order_of(page: Page) -> list[str]:
    """Is the order that of sight: beside a panel, and on a narrow screen where panels stand in the column?"""
    beside: list[str] = page.evaluate(ORDER, "aside")
    page.set_viewport_size(NARROW)
    below: list[str] = page.evaluate(ORDER, "")
    page.set_viewport_size(WIDE)
    return [*beside, *below]


def walked(page: Page) -> list[str]:
    """Walk the open page from its beginning to its end; return what is wrong on the way."""
    faults: list[str] = []
    for _ in range(PRESSES_A_FIELD * (page.evaluate(EXPECT) + 1)):
        page.keyboard.press("Tab")
        found = page.evaluate(STAND)
        if found is None:
            return [*faults, *page.evaluate(COMPARE), *page.evaluate(NAMES), *order_of(page)]
        faults.extend(found)
    return [*faults, "the walk has no end"]


def test_every_page_is_walked_with_tab_alone(open_as: OpenPage, names: Mapping[str, str]) -> None:
    faults = {look.name: found for look, page in tour(open_as, names, **SETTINGS) if (found := walked(page))}

    assert faults == {}
