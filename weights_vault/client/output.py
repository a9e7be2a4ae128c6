"""The only place that writes to the terminal: results on stdout, all else on stderr, no secrets."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from weights_vault.client.errors import ClientError
from weights_vault.client.redaction import redact

_CONTROL = {code: None for code in range(32) if chr(code) not in "\n\t"} | dict.fromkeys(range(127, 160))


def plain(text: object) -> str:
    """Text from the portal without control characters, which could move the cursor or change the title."""
    return redact(str(text)).translate(_CONTROL)


class Output:
    """Says things to the person or to the script that runs the command.

    as_json: one JSON document on stdout and nothing else there.
    quiet: no messages; results, errors and confirmations that wait for a person are still shown.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        quiet: bool = False,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._stdout = stdout
        self._stderr = stderr

    @property
    def stdout(self) -> TextIO:
        """Where results go."""
        return self._stdout or sys.stdout

    @property
    def stderr(self) -> TextIO:
        """Where messages, progress and errors go."""
        return self._stderr or sys.stderr

    def message(self, text: str) -> None:
        """Something good to know while the command runs."""
        if not self.quiet:
            print(plain(text), file=self.stderr, flush=True)

    def important(self, text: str) -> None:
        """Something that a person must see even with --quiet, such as what to confirm."""
        print(plain(text), file=self.stderr, flush=True)

    def result(self, document: dict[str, Any], text: str) -> None:
        """The command's result: the document with --json, else the text."""
        if self.as_json:
            self._document(document)
        elif text:
            print(plain(text), file=self.stdout, flush=True)

    def table(
        self, document: dict[str, Any], columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str
    ) -> None:
        """A result that is a list: the document with --json, else a table, or `empty` for no rows."""
        if self.as_json:
            self._document(document)
        elif rows:
            print(_table(columns, rows), file=self.stdout, flush=True)
        else:
            print(plain(empty), file=self.stdout, flush=True)

    def error(self, error: ClientError) -> None:
        """The three lines of an error, and with --json its document."""
        lines = (
            f"error[{error.reference}]: {error.what}",
            f"  why: {error.why}",
            f"  next: {error.next_step}",
        )
        print("\n".join(plain(line).replace("\n", " ") for line in lines), file=self.stderr, flush=True)
        if self.as_json:
            self._document({**(error.document or {}), "error": _error_document(error)})

    def _document(self, document: dict[str, Any]) -> None:
        print(json.dumps(_redacted(document), indent=2, ensure_ascii=False), file=self.stdout, flush=True)


def _redacted(value: Any) -> Any:
    """The same document with each of its strings redacted; its form stays JSON."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {name: _redacted(each) for name, each in value.items()}
    return [_redacted(each) for each in value] if isinstance(value, list | tuple) else value


def _error_document(error: ClientError) -> dict[str, Any]:
    return {
        "reference": error.reference,
        "code": error.code,
        "what": error.what,
        "why": error.why,
        "next_step": error.next_step,
        "exit_code": error.exit_code,
    }


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    cells = [tuple(columns), *(tuple(plain(cell).replace("\n", " ") for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def size_text(size: float) -> str:
    """A number of bytes for people: `12.3 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.2f} TiB"
