"""A mail's HTML: made from its text, links to our own pages alone, and nothing that acts or loads. A5."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.letters import letter

URL = "https://weights.example.org"
LINK = re.compile(r'<a href="([^"]*)">')


def made(text: str) -> str:
    return letter(text, portal_url=URL, portal_name="Example Weights")


def said(html: str) -> str:
    """The words of a letter, without its marks."""
    return unescape(re.sub(r"<[^>]*>", "", html.partition("</p>")[2]))


def test_paragraphs_lines_and_the_first_line_in_bold() -> None:
    html = made("Hello Ada,\n\nyour request:\n- one\n- two\n\nExample Weights")
    assert "<p><strong>Hello Ada,</strong></p>" in html
    assert "<p>your request:<br>\n- one<br>\n- two</p>" in html
    assert html.count("<strong>") == 1
    assert html.count("Example Weights</p>") == 1


def test_a_full_line_goes_on_and_a_short_one_ends() -> None:
    full = "What you already hold stays under the license that you signed: read there"
    html = made(f"Hello,\n\n{full}\nwhat you must do.\nThen this.")
    assert f"{full} what you must do.<br>\nThen this." in html


@pytest.mark.parametrize(
    ("text", "href"),
    [
        (f"{URL}/requests/req_a/", f"{URL}/requests/req_a/"),
        (f"See {URL}/grants/grt_b/.", f"{URL}/grants/grt_b/"),
        (f"{URL}", URL),
        (f"on {URL}/?a=1&b=2, today", f"{URL}/?a=1&amp;b=2"),
    ],
)
def test_an_address_of_ours_is_a_link(text: str, href: str) -> None:
    assert LINK.findall(made(text)) == [href]


@pytest.mark.parametrize(
    "text",
    [
        f"{URL}.evil.example/requests/",
        f"{URL}@evil.example/",
        f"{URL}:8443/",
        f"https://evil.example/?to={URL}/",
        f'{URL}/"onmouseover="alert(1)',
        f"{URL}/\u202ereversed",
        "https://evil.example/",
        "javascript:alert(1)",
        "http://weights.example.org/",
    ],
)
def test_a5_any_other_address_stays_plain_words(text: str) -> None:
    html = made(text)
    assert LINK.findall(html) == []
    assert said(html).strip() == text


def test_a5_hostile_text_is_inert() -> None:
    html = made('<script>alert(1)</script> {{7*7}} <img src=x onerror=alert(1)> "><b>')
    assert "{{7*7}}" in html
    assert not re.search(r"<(script|img|b)\b", html)


def test_nothing_is_loaded_and_both_schemes_are_served() -> None:
    html = made("Hello,")
    assert not re.search(r"\bsrc=|url\(|@import|<link|<table", html)
    assert 'content="light dark"' in html


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_the_html_says_every_word_of_the_text(text: str) -> None:
    assert said(made(text)).split() == text.split()
