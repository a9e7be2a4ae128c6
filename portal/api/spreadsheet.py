"""Lists as CSV, written row by row as they are sent: memory does not grow with them.

A spreadsheet takes a cell that begins with = + - @ (or a tab or a line break before one) for a formula and
runs it: such a cell gets an apostrophe, which spreadsheets do not show (A5). Negative numbers do not occur.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence

# Also as a Japanese keyboard types them: some spreadsheets take these for the same.
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
ROWS_A_PIECE = 200


def csv_pieces(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yield the table as UTF-8, some rows at a time. head: the names of the columns."""
    lines: list[str] = []
    writer = csv.writer(_Lines(lines))
    writer.writerow(head)
    for row in rows:
        writer.writerow([inert(cell) for cell in row])
        if len(lines) >= ROWS_A_PIECE:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


def inert(cell: object) -> object:
    """Return a cell that no spreadsheet runs. None is an empty cell; numbers stay numbers."""
    if cell is None:
        return ""
    # Some drop spaces in front before they look.
    if isinstance(cell, str) and (
        cell.startswith(FORMULA_STARTS) or cell.lstrip().startswith(FORMULA_STARTS)
    ):
        return f"'{cell}"
    return cell


class _Lines:
    """What `csv` writes to: a list of lines."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def write(self, line: str) -> int:
        self._lines.append(line)
        return len(line)
