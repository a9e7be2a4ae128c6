"""The only place that writes to the terminal: results on stdout, all else on stderr, no secrets."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from weights_vault.client.errors import ClientError, MachineFault
from weights_vault.client.redaction import redact

# What a terminal obeys or a reader cannot see: controls C0 and C1, marks that turn the direction of writing,
# separators of lines and paragraphs, invisible operators and tags, halves of surrogate pairs. Joiners
# (U+200C, U+200D) stay: Persian and emoji need them.
_UNSEEN = (
    "\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f"
)
_BREAKS = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_CONTROLS = re.compile(f"[\x00-\x1f{_UNSEEN}]")
_BUT_LINES = re.compile(f"[\x00-\x08\x0b-\x1f{_UNSEEN}]")
_UNSEEN_IN_JSON = re.compile(f"[{_UNSEEN}]")


def plain(text: object) -> str:
    """One line without secrets and without characters that could move the cursor, turn the writing or pass
    for a line of our own.
    """
    return redact(_CONTROLS.sub("", _BREAKS.sub(" ", str(text))))


class Output:
    """Says things to the person or to the script that runs the command.

    as_json: one JSON document on stdout and nothing else there; events as JSON lines on stderr.
    quiet: no messages; results, errors and confirmations that wait for a person are still shown.
    warnings: what was warned of so far, for the command's document.
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
        # Set while bars stand on the terminal: shows a text above them.
        self.above: Callable[[str], object] | None = None
        self.warnings: list[dict[str, str]] = []

    @property
    def stdout(self) -> TextIO:
        """Where results go."""
        return self._stdout or sys.stdout

    @property
    def stderr(self) -> TextIO:
        """Where messages, progress and errors go."""
        return self._stderr or sys.stderr

    def message(self, line: str) -> None:
        """Something good to know while the command runs."""
        if not self.quiet:
            self.important(line)

    def important(self, *lines: str) -> None:
        """Something that a person must see even with --quiet, such as what to confirm."""
        self._to_stderr(lines)

    def warning(self, reference: str, what: str, next_step: str) -> None:
        """Something that may spoil the work later, and what to do about it; the command goes on."""
        told = {"reference": reference, "what": plain(what), "next_step": plain(next_step)}
        self.warnings.append(told)
        if self.as_json:
            self.event("warning", **told)
        else:
            self.message(f"warning[{reference}]: {what}")
            self.message(f"  next: {next_step}")

    def event(self, kind: str, **fields: Any) -> None:
        """With --json, one line on stderr: what happened, for a script that looks on."""
        if self.as_json and not self.quiet:
            line = {"event": kind, "time": datetime.now(UTC).isoformat(timespec="seconds"), **fields}
            self._print_stderr(json.dumps(_redacted(line)))

    def result(self, document: dict[str, Any], *lines: str) -> None:
        """The command's result: the document with --json, else the lines."""
        if self.as_json:
            self._document(document)
        else:
            self._to_stdout(_text(lines))

    def exact(self, text: str) -> None:
        """A result that is a text of its own, such as a license: whole, line breaks too, nothing added.

        On a terminal without what could move its cursor; a pipe or a file gets every character.
        """
        shown = _BUT_LINES.sub("", text) if self.stdout.isatty() else text
        self._to_stdout(shown, end="")

    def table(
        self, document: dict[str, Any], columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str
    ) -> None:
        """A result that is a list: the document with --json, else a table, or `empty` for no rows.

        A table wider than the terminal is shown as one block a row, so that no line is broken.
        """
        lines = _table(columns, rows) if rows else [empty]
        if self.stdout.isatty() and max(map(len, lines)) > shutil.get_terminal_size().columns:
            lines = _blocks(columns, rows) if rows else lines
        self.result(document, *lines)

    def error(self, error: ClientError) -> None:
        """The three lines of an error, and with --json its document."""
        lines = (
            f"error[{error.reference}]: {error.what}",
            f"  why: {error.why}",
            f"  next: {error.next_step}",
        )
        self._to_stderr(lines)
        if self.as_json:
            with suppress(MachineFault):  # it may be the very error that is told
                self._document({**(error.document or {}), "error": _error_document(error)})

    def _document(self, document: dict[str, Any]) -> None:
        text = json.dumps(_redacted(document), indent=2, ensure_ascii=False)
        # json escapes C0 alone; a terminal also obeys C1, and readers are fooled by turned writing.
        escaped = _UNSEEN_IN_JSON.sub(lambda found: json.dumps(found[0])[1:-1], text)
        self._to_stdout(escaped)

    def _to_stdout(self, text: str, end: str = "\n") -> None:
        try:
            print(text, end=end, file=self.stdout, flush=True)
        except OSError as error:
            raise MachineFault(
                "output-not-written",
                "The result could not be written to standard output.",
                f"{error.strerror or error}.",
                "Send it to a file on a disk with room, or to a program that reads to the end.",
            ) from None

    def _to_stderr(self, lines: Iterable[str]) -> None:
        if self.above is not None:
            self.above(_text(lines))
        else:
            self._print_stderr(_text(lines))

    def _print_stderr(self, text: str) -> None:
        with suppress(OSError):  # nobody reads it: no reason to give up a download
            print(text, file=self.stderr, flush=True)


def _text(lines: Iterable[str]) -> str:
    # Whatever a line holds, it stays one: else a name with a newline could forge an error of ours.
    return "\n".join(map(plain, lines))


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


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    cells = [tuple(columns), *(tuple(map(plain, row)) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(columns))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _blocks(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    width = max(map(len, columns))
    blocks = [
        [f"{column.ljust(width)}  {cell}".rstrip() for column, cell in zip(columns, row, strict=True)]
        for row in rows
    ]
    return [line for block in blocks for line in [*block, ""]][:-1]


def typed(path: Path) -> str:
    """A path for a command that people copy: a blank in it must not make `chmod -R` speak of two places."""
    return shlex.quote(str(path))


def moment_text(moment: str) -> str:
    """A time of the API for people, to the minute: `2026-11-28 01:02 UTC`; `-` for none."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return moment or "-"


def size_text(size: float) -> str:
    """A number of bytes for people: `12.3 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.2f} TiB"
