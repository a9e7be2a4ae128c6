"""A license text, written in Markdown, as a tree of plain values that the document's template sets in type.

Nothing of the text is ever source of the template: every leaf is a string that typst shows as it is, so `#`,
`$`, `@` and backslashes stay what they are. HTML, pictures and links stay text; a link shows where it leads.
"""

from collections.abc import Sequence
from typing import Any, Final

from markdown_it.tree import SyntaxTreeNode

from licenses.manuscripts import MOST_NESTED, PARSER

Node = dict[str, Any]

# Deeper lists and quotations become one paragraph of their words: the template's own recursion is bounded.
# No text that is accepted has them; what was published before there was a bound may.
MAX_DEPTH: Final = MOST_NESTED

_INLINE: Final = {"em": "em", "strong": "strong", "s": "s"}


def blocks(text: str) -> list[Node]:
    """Return the blocks of a Markdown text, in order.

    Each is {"k": kind, …}: "p" and "h" (with "level", from 1) hold inline nodes in "c"; "quote" holds blocks
    in "c"; "list" has "start" (None without numbers) and "items", each a list of blocks; "code" has "s";
    "table" has "rows" of cells of inline nodes; "rule" has nothing. Inline: "t" and "code" hold their text in
    "s"; "em", "strong" and "s" hold inline nodes in "c"; "br" is a line break.
    """
    tokens = PARSER.parse(text)
    # The parser drops what is nested more deeply than its own limit; here no word of a license may go.
    if max((token.level for token in tokens), default=0) >= PARSER.options["maxNesting"] - 2:
        return [{"k": "code", "s": text}]
    return _blocks(SyntaxTreeNode(tokens).children, 0)


def _blocks(nodes: Sequence[SyntaxTreeNode], depth: int) -> list[Node]:
    return [made for node in nodes if (made := _block(node, depth)) is not None]


def _block(node: SyntaxTreeNode, depth: int) -> Node | None:
    match node.type:
        case "paragraph":
            return {"k": "p", "c": _inline_of(node)}
        case "heading":
            return {"k": "h", "level": int(node.tag[1:]), "c": _inline_of(node)}
        case "hr":
            return {"k": "rule"}
        case "code_block" | "fence":
            return {"k": "code", "s": node.content.rstrip("\n")}
        case "table":
            return {"k": "table", "rows": _rows(node)}
    if depth >= MAX_DEPTH:
        return {"k": "p", "c": [_text(_words(node))]}
    match node.type:
        case "blockquote":
            return {"k": "quote", "c": _blocks(node.children, depth + 1)}
        case "bullet_list" | "ordered_list":
            return _list(node, depth)
    return {"k": "p", "c": [_text(_words(node))]}


def _list(node: SyntaxTreeNode, depth: int) -> Node:
    # The parser leaves out a start of 1, and tells every other one, 0 and numbers of nine digits among them.
    start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    items = [_blocks(item.children, depth + 1) for item in node.children]
    return {"k": "list", "start": start, "items": items}


def _rows(table: SyntaxTreeNode) -> list[list[list[Node]]]:
    return [[_inline_of(cell) for cell in row.children] for part in table.children for row in part.children]


def _inline_of(node: SyntaxTreeNode) -> list[Node]:
    return [made for inline in node.children for child in inline.children for made in _inline(child, 0)]


def _inline(node: SyntaxTreeNode, depth: int) -> list[Node]:
    match node.type:
        case "text":
            return [_text(node.content)] if node.content else []
        case "softbreak":
            return [_text(" ")]
        case "hardbreak":
            return [{"k": "br"}]
        case "code_inline":
            return [{"k": "code", "s": node.content}]
    inner = [made for child in node.children for made in _inline(child, depth + 1)]
    if node.type == "link":
        return [*inner, *_address(node)]
    if node.type in _INLINE and depth < MAX_DEPTH:
        return [{"k": _INLINE[node.type], "c": inner}]
    return inner


def _address(link: SyntaxTreeNode) -> list[Node]:
    """Where a link leads, in words, unless its text says it already."""
    href = str(link.attrs.get("href", ""))
    return [] if not href or href in _words(link) else [_text(f" ({href})")]


def _words(node: SyntaxTreeNode) -> str:
    if node.is_nested or node.children:
        return " ".join(filter(None, (_words(child) for child in node.children)))
    return node.content if node.type not in ("softbreak", "hardbreak") else " "


def _text(said: str) -> Node:
    return {"k": "t", "s": said}
