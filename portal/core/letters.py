"""A mail's HTML, made from its text by one template: the text is the truth, the HTML only its dress.

Nothing in a letter acts or loads: every character of the text is escaped, no picture, no script, and an
address becomes a link only when it is one of this portal's own pages. People write into mails (names,
reasons, messages): what they type must not become a link of ours to somewhere else.
"""

import re
from dataclasses import dataclass

from django.template.loader import get_template

TEMPLATE = "core/letter.html"
# A line at least this long was broken because it was full, not because its writer wanted a new one.
FULL_LINE_CHARACTERS = 70


@dataclass(frozen=True)
class Piece:
    """Some characters of one line; href: where they lead, empty for plain words."""

    text: str
    href: str = ""


Line = list[Piece]


def letter(text: str, *, portal_url: str, portal_name: str) -> str:
    """Return the whole HTML document that says what `text` says.

    portal_url: without a slash at its end; only addresses below it become links.
    """
    blocks = re.split(r"\n\s*\n", text.strip())
    if len(blocks) > 1 and blocks[-1].strip() == portal_name:
        del blocks[-1]  # the signature of our texts: here the name stands at the top
    paragraphs = [[_pieces(line, portal_url) for line in _lines(block)] for block in blocks]
    values = {"paragraphs": paragraphs, "portal_name": portal_name, "portal_url": portal_url}
    return get_template(TEMPLATE).render(values)


def _lines(block: str) -> list[str]:
    """The lines as their writer meant them: a full one goes on in the next."""
    lines: list[str] = []
    goes_on = False
    for line in block.splitlines():
        if goes_on and line[:1].isalnum():
            lines[-1] = f"{lines[-1]} {line.strip()}"
        else:
            lines.append(line.strip())
        goes_on = len(line) >= FULL_LINE_CHARACTERS
    return lines


def _pieces(line: str, portal_url: str) -> Line:
    # After our origin a slash or nothing: "https://weights.example.org.evil.example" and
    # "https://weights.example.org@evil.example" begin like ours and are not.
    own = rf"(?<!\S){re.escape(portal_url)}(?:/[\w/?=&%.~+:#-]*)?(?=[.,;:)]*(?:\s|$))"
    pieces: Line = []
    end = 0
    for found in re.finditer(own, line, re.ASCII):
        address = found.group().rstrip(".,;:)")
        pieces += [Piece(line[end : found.start()]), Piece(address, href=address)]
        end = found.start() + len(address)
    return [piece for piece in [*pieces, Piece(line[end:])] if piece.text]
