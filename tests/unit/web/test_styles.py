"""Rules of the style sheets that a page alone would not show."""

import re
from pathlib import Path

import pytest

from portal import web

SHEETS = sorted((Path(web.__file__).parent / "static/web/css").glob("*.css"))


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_nothing_is_shown_in_another_order_than_it_is_read(sheet: Path) -> None:
    """Screen readers and Tab follow the document; `order` and reversed rows would move what is seen alone."""
    moved = re.findall(r"(?<![-\w])order\s*:|-reverse\b|\bdense\b|grid-template-areas", sheet.read_text())

    assert moved == []
