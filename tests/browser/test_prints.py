"""Lists and legal text on A4, as Chromium prints them; legal text beside a page on a screen."""

import os
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Page
from pyhanko.pdf_utils.reader import PdfFileReader

from tests.browser.conftest import OpenPage
from tests.unit.web import papers
from tests.unit.web.queues import crowd
from tests.unit.web.world import World
from weights_vault.models import Release

Print = Callable[[Page, str], int]
A4_BETWEEN_MARGINS = {"width": 643, "height": 960}  # 170 mm, in CSS pixels
AS_WIDE_AS_ITS_SHEET = """[...document.querySelectorAll('table')].every(
    table => table.scrollWidth <= table.parentElement.clientWidth)"""
CUT_SELECTS = """[...document.querySelectorAll('.field-grid select')].filter(select => {
    const whole = select.cloneNode(true);
    whole.style.width = 'max-content';
    select.after(whole);
    const cut = whole.offsetWidth > select.offsetWidth;
    whole.remove();
    return cut;
}).map(select => select.name)"""


@pytest.fixture
def printed(tmp_path: Path) -> Print:
    """printed(page, name) → how many sheets it takes."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)

    def make(page: Page, name: str) -> int:
        made = page.pdf(path=folder / f"{name}.pdf", format="A4")
        return int(PdfFileReader(BytesIO(made)).root["/Pages"]["/Count"])

    return make


def is_a_table_of_its_width(page: Page) -> bool:
    """Whether rows stand as rows, and every table ends on its sheet: what is beyond is not printed."""
    page.emulate_media(media="print")
    page.set_viewport_size(A4_BETWEEN_MARGINS)  # type: ignore[arg-type]
    row = page.locator("tbody tr").first
    assert row.evaluate("e => getComputedStyle(e).display") == "table-row"
    return bool(page.evaluate(AS_WIDE_AS_ITS_SHEET))


def test_a_queue_of_forty_takes_two_sheets(open_as: OpenPage, world: World, printed: Print) -> None:
    crowd(world, Release.objects.get(slug="opt-66b"), 40)
    page = open_as("rosa")
    page.goto("/review/")

    assert page.locator("tbody tr").count() == 40
    assert printed(page, "queue") == 2
    assert is_a_table_of_its_width(page)


def test_grants_are_printed_as_rows(open_as: OpenPage, world: World, printed: Print) -> None:
    middle = Release.objects.get(slug="opt-66b")
    for number in range(12):
        world.person(f"p{number}@many.example.org", f"Person {number}", f"Laboratory of languages {number}")
        world.signed(f"p{number}", middle, days_ago=9)
    page = open_as("rosa")
    page.goto("/review/grants/")

    assert page.locator("tbody tr").count() == 12
    assert printed(page, "grants") == 1
    assert is_a_table_of_its_width(page)


def test_people_of_a_master_agreement_are_printed_without_what_only_a_screen_can_do(
    open_as: OpenPage, world: World
) -> None:
    page = open_as("rosa")
    page.goto(f"/desk/master-agreements/{papers.proposed(world).pk}/")

    assert is_a_table_of_its_width(page)
    assert page.get_by_role("cell", name="bo@lab.example.org").is_visible()
    assert not page.get_by_text("Take out").locator("visible=true").count()


def test_a_comparison_and_a_draft_to_publish_name_their_license_on_paper(
    open_as: OpenPage, world: World
) -> None:
    draft = papers.drafted(world)
    page = open_as("rosa")
    page.emulate_media(media="print")
    page.goto("/desk/licenses/opt-nc/compare/")
    assert page.get_by_role("heading", name="Compare two texts of OPT noncommercial license").is_visible()
    assert page.get_by_text(re.compile(r"Before: Version 1, counts from .+ After: Draft of ")).is_visible()
    page.goto(f"/desk/license-drafts/{draft.pk}/publish/")
    assert page.locator(".page-head .eyebrow").inner_text() == "OPT noncommercial license"


def test_the_license_in_short_beside_a_legal_page_is_not_cut(open_as: OpenPage, world: World) -> None:
    draft = papers.drafted(world)
    page = open_as("rosa", viewport={"width": 1280, "height": 500})
    page.goto(f"/desk/license-drafts/{draft.pk}/publish/")
    panel = page.locator(".split > aside")

    assert panel.get_by_text("Only the text binds").count() == 1
    assert panel.evaluate("e => e.scrollHeight <= e.clientHeight")
    assert panel.evaluate("e => getComputedStyle(e).position") == "static"


def test_no_choice_of_a_draft_is_cut_on_a_laptop(open_as: OpenPage, world: World) -> None:
    page = open_as("rosa", viewport={"width": 1280, "height": 900})
    page.goto(f"/desk/license-drafts/{papers.drafted(world).pk}/")

    assert page.evaluate(CUT_SELECTS) == []
