"""Markdown that people wrote, as HTML that cannot act.

Two fences, because cards and licenses come from outside: the parser passes no HTML through, and what it
made is cleaned again against a list of elements and of address schemes. Headings are lowered, so that
the page keeps one h1.
"""

from typing import Final

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS: Final = frozenset(
    {
        *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code"),
        *("em", "strong", "s", "a", "table", "thead", "tbody", "tr", "th", "td"),
    }
)
ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}, "th": {"scope"}}
SCHEMES: Final = frozenset({"http", "https", "mailto"})
LOWEST_HEADING: Final = 6

# Pictures stay out: they would tell a third party who reads which card.
_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")


def render(text: str, title: str = "") -> SafeString:
    """The HTML of `text`: no script, no style, no picture, no form, no scheme but http, https and mailto.

    title: of the page around it; a first heading that only repeats it is left out.
    """
    tokens = _parser.parse(text)
    if title and len(tokens) > 2 and tokens[0].type == "heading_open" and tokens[1].content == title:
        tokens = tokens[3:]
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, LOWEST_HEADING)}"
        elif token.type == "th_open":
            # The first row alone has headings in Markdown; screen readers tell them with each cell.
            token.attrs = {"scope": "col"}
    raw = _parser.renderer.render(tokens, _parser.options, {})
    clean = nh3.clean(
        raw, tags=set(TAGS), attributes=ATTRIBUTES, url_schemes=set(SCHEMES), link_rel="noopener noreferrer"
    )
    return mark_safe(clean)  # noqa: S308 - cleaned in the line above
