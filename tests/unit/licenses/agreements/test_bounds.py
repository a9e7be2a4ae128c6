"""What a license text may hold: at each bound a document is made of it; one step further it is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from licenses import manuscripts
from licenses.agreements import prose, render
from licenses.manuscripts import (
    MAX_LICENSE_CHARACTERS,
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_MARKS,
    MOST_NESTED,
    MOST_PARTS,
    MOST_RUN_CHARACTERS,
    MOST_SIGNS,
)
from licenses.terms import check_license_text

AT = datetime(2026, 11, 21, tzinfo=UTC)


def whole(text: str) -> str:
    """The text as often as it fits."""
    return text * (MAX_LICENSE_CHARACTERS // len(text))


def table(columns: int, rows: int, word: str = "a") -> str:
    line = "|" + f"{word}|" * columns + "\n"
    return line + "|" + "-|" * columns + "\n" + line * (rows - 1)


def document(text: str) -> dict[str, Any]:
    section = {"title": "Parties", "rows": [{"label": "Licensee", "value": "Ada", "code": False}]}
    return {
        **dict.fromkeys(("eyebrow", "title", "subtitle", "id", "lead"), "Said."),
        "keywords": ["agreement=a"],
        "portal": {"name": "Portal"},
        "footer": {"label": "Text", "digest": "ab"},
        "sections": [section],
        "signature": dict.fromkeys(("title", "statement", "name", "time", "name-label"), "Said."),
        "evidence": section,
        "text": {"eyebrow": "E", "title": "T", "sha256": "ab", "blocks": prose.blocks(text)},
    }


RUN = "x" * MOST_RUN_CHARACTERS
AT_THE_EDGE = {
    "characters": "x" * 900 + " " + "word " * ((MAX_LICENSE_CHARACTERS - 901) // 5) + "words"[:4],
    "run": RUN,
    "table": table(MOST_COLUMNS, 3),
    "cells": table(4, MOST_CELLS // 4),
    "nested": "> " * MOST_NESTED + "deep",
    "parts": "# h\n\n" * MOST_PARTS,
    "marks": "`a` " * MOST_MARKS,
    "signs": "[ " * MOST_SIGNS["["],
}
BEYOND = {
    "characters": AT_THE_EDGE["characters"] + "xx",
    "run": f"{RUN}x",
    "table": table(MOST_COLUMNS + 1, 3),
    "cells": table(4, MOST_CELLS // 4 + 1),
    "nested": "> " * (MOST_NESTED + 1) + "deep",
    "parts": "# h\n\n" * (MOST_PARTS + 1),
    "marks": "`a` " * (MOST_MARKS + 1),
    "signs": "[ " * (MOST_SIGNS["["] + 1),
}
SAID = {
    "characters": "at most 200,000",
    "run": "Line 1 has more than 1,000 characters without a blank",
    "table": "more than 12 columns",
    "cells": "at most 6,000",
    "nested": "more than 8 lists or quotations",
    "parts": "at most 10,000",
    "marks": "at most 12,000",
    "signs": "5,001 times the sign [",
}


@pytest.mark.parametrize("bound", AT_THE_EDGE)
def test_what_reaches_a_bound_is_accepted_and_one_more_is_refused(bound: str) -> None:
    assert check_license_text(AT_THE_EDGE[bound]) == ""
    assert SAID[bound] in check_license_text(BEYOND[bound])


# Each is the whole of a bound; those of the last three lines are what typst once refused or took minutes for.
LARGEST = {
    "words": whole("word "),
    "scripts": whole("word 中文許可證條款。 😀 "),
    "parts": AT_THE_EDGE["parts"],
    "items": "1. a\n" * (MOST_PARTS // 2 - 1),
    "cells": table(MOST_COLUMNS, MOST_CELLS // MOST_COLUMNS, "considerations of redistribution"[:30]),
    "marks": AT_THE_EDGE["marks"],
    "brackets": ("[" * 1_000 + " ") * 5,
    "tags": whole("<a" * 500 + " "),
    "signs": whole("&" * 1_000 + " "),
}


@pytest.mark.parametrize("kind", LARGEST)
def test_of_the_largest_texts_a_document_is_made(kind: str) -> None:
    assert check_license_text(LARGEST[kind]) == ""
    assert render.pdf(document(LARGEST[kind]), AT).startswith(b"%PDF")


def test_a_long_text_in_a_script_without_blanks_is_no_run() -> None:
    assert manuscripts.fault("本授權條款適用於所有使用者。" * 500) == ""
    assert manuscripts.fault("ข้อตกลงใบอนุญาต" * 500) == ""


def test_the_line_of_the_fault_is_named() -> None:
    assert manuscripts.fault(f"One.\n\n{RUN}x").startswith("Line 3 ")
    assert manuscripts.fault("One.\n\n" + table(13, 2)).startswith("The table at line 3 ")
