"""Markdown from outside cannot act (A5)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.web.markdown import TAGS, render


def test_plain_markdown_is_rendered() -> None:
    assert render("**bold** and `code`") == "<p><strong>bold</strong> and <code>code</code></p>\n"


def test_headings_leave_the_only_h1_to_the_page() -> None:
    assert "<h2>Card</h2>" in render("# Card")
    assert "<h6>Deep</h6>" in render("###### Deep")


def test_a_first_heading_that_repeats_the_title_is_left_out() -> None:
    assert render("# OPT\n\ntext", "OPT") == "<p>text</p>\n"


def test_tables_are_rendered() -> None:
    html = render("| a | b |\n|---|:--|\n| Layers | 96 |")
    assert "<td>96</td>" in html
    assert '<th scope="col">b</th>' in html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://tracker.example/pixel.png)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "<a href='javascript:alert(1)'>x</a>",
        '[x](https://example.org "onmouseover=alert(1)")',
        "<style>body{display:none}</style>",
        "<iframe src=https://example.org></iframe>",
        "`</code><script>alert(1)</script>`",
        "<form action=/theme/><button>x</button></form>",
    ],
)
def test_hostile_text_is_inert(hostile: str) -> None:
    """A5."""
    html = render(hostile).lower()

    assert not any(tag in html for tag in ("<script", "<img", "<style", "<iframe", "<form", "<button"))
    assert 'href="javascript' not in html
    assert 'href="data' not in html


@given(st.text(alphabet=st.sampled_from("<>/a scriptong=\"'`![]()#*|-:\n&;"), max_size=200))
def test_whatever_is_written_no_element_beyond_the_list_comes_out(text: str) -> None:
    """A5."""
    assert set(re.findall(r"</?([a-z0-9]+)", render(text))) <= TAGS
