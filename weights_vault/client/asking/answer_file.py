"""Reads an answer file, TOML or JSON, and says everything that is wrong with it at once, with the lines."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weights_vault.client.answers import Json
from weights_vault.client.asking.checking import Fault, checked
from weights_vault.client.asking.form import Form, Said
from weights_vault.client.errors import WrongUsage

STDIN = "-"
MAX_BYTES = 1 << 20  # what the portal takes in one request
MOST_SHOWN = 6
_HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.\"-]+)\s*\]\]?")
_KEY = re.compile(r"\s*\"?([A-Za-z0-9_-]+)\"?\s*=")


@dataclass(frozen=True)
class AnswerFile:
    """What was read. name: for people. lines: where each key stands, from 1; empty for JSON."""

    name: str
    document: Json
    lines: dict[str, int]

    def said(self, form: Form, *, complete: bool) -> Said:
        """What the person says. complete: nothing that is needed may be missing.

        Raises: WrongUsage(answers-incomplete), which names every fault; its document has them all.
        """
        said, faults = checked(self.document, form, complete=complete)
        if faults:
            raise self._refusal(faults)
        return said

    def _refusal(self, faults: list[Fault]) -> WrongUsage:
        shown = [f"{self._place(fault)}: {fault.said}" for fault in faults]
        more = f"; and {len(shown) - MOST_SHOWN} more (--json lists all)" if len(shown) > MOST_SHOWN else ""
        error = WrongUsage(
            "answers-incomplete",
            f"{self.name} has {len(faults)} fault{'' if len(faults) == 1 else 's'}; nothing was sent.",
            "; ".join(shown[:MOST_SHOWN]) + more,
            "Correct the file and run the command again; with --draft it may have gaps.",
        )
        error.document = {
            "faults": [
                {"key": fault.key, "line": self._line(fault.key), "problem": fault.said} for fault in faults
            ]
        }
        return error

    def _place(self, fault: Fault) -> str:
        line = self._line(fault.key)
        return f"line {line}, {fault.key}" if line else fault.key

    def _line(self, key: str) -> int | None:
        """The line of a key, else of the table that should hold it."""
        names = key.split(".")
        found = (self.lines.get(".".join(names[:length])) for length in range(len(names), 0, -1))
        return next((line for line in found if line), None)


def read_answers(name: str) -> AnswerFile:
    """Read an answer file; `-` is standard input. What begins with { is JSON, all else TOML.

    Raises: WrongUsage(answers-file-missing | answers-unreadable).
    """
    shown = "standard input" if name == STDIN else name
    text = _read(name, shown)
    if text.lstrip().startswith("{"):
        return AnswerFile(shown, _parsed_json(text, shown), {})
    try:
        return AnswerFile(shown, tomllib.loads(text), dict(_lines(text)))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _unreadable(shown, f"It is neither JSON, which begins with {{, nor TOML: {error}.") from None


def _read(name: str, shown: str) -> str:
    try:
        if name == STDIN:
            raw = sys.stdin.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(MAX_BYTES + 1).decode("utf-8-sig")
    except FileNotFoundError:
        raise WrongUsage(
            "answers-file-missing",
            f"There is no file {name}.",
            "--answers names the file with your answers.",
            "Make one: weights request RELEASE --template > answers.toml",
        ) from None
    except UnicodeDecodeError:
        raise _unreadable(shown, "It is not text in UTF-8.") from None
    except OSError as error:
        raise _unreadable(shown, f"{error.strerror or error}.") from None
    if len(raw) > MAX_BYTES:
        raise _unreadable(shown, "It is longer than 1 MiB.")
    return raw


def _parsed_json(text: str, shown: str) -> Json:
    try:
        found: Any = json.loads(text)
    except json.JSONDecodeError as error:
        raise _unreadable(shown, f"It is not JSON: {error.msg} (line {error.lineno}).") from None
    except RecursionError:
        raise _unreadable(shown, "It is nested too deeply.") from None
    if not isinstance(found, dict):
        raise _unreadable(shown, "It is not a JSON object.")
    return found


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """Where each key of a TOML text stands; what stands inside a long text is none."""
    table, counts, inside = "", dict[str, int](), ""
    for number, line in enumerate(text.splitlines(), 1):
        if not inside and (header := _HEADER.match(line)):
            name = header[1].replace('"', "")
            table = f"{name}.{counts.get(name, 0)}" if line.lstrip().startswith("[[") else name
            counts[name] = counts.get(name, 0) + 1
            yield table, number
        elif not inside and (key := _KEY.match(line)):
            yield f"{table}.{key[1]}".lstrip("."), number
        for quotes in ('"""', "'''"):
            if inside in ("", quotes) and line.count(quotes) % 2:
                inside = "" if inside else quotes


def _unreadable(shown: str, why: str) -> WrongUsage:
    return WrongUsage(
        "answers-unreadable",
        f"{shown} cannot be read as answers.",
        why,
        "Mend it there, or make a new one: weights request RELEASE --template > answers.toml",
    )
