"""Asks a person at a terminal, question by question. Questions stand on stderr, answers come from stdin."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weights_vault.client.asking.checking import check_answer
from weights_vault.client.asking.form import Question
from weights_vault.client.output import Output, plain

END = "."
CUT = "# ---- What stands below this line is not sent. Save the file and leave the editor when you are done."


class Terminal:
    """A person who can be asked.

    environment: its VISUAL or EDITOR is used for long answers; without one they are typed line by line.
    Where input ends, and at Ctrl-C, KeyboardInterrupt is raised: what was saved before stays saved.
    """

    def __init__(self, output: Output, environment: Mapping[str, str] = os.environ) -> None:
        self._output = output
        self._editor = shlex.split(environment.get("VISUAL") or environment.get("EDITOR") or "")

    @staticmethod
    def is_there() -> bool:
        """Whether somebody can read a question and type an answer."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def say(self, *lines: str) -> None:
        """Show lines, also with --quiet: a question needs its words."""
        self._output.important(*lines)

    def ask(self, prompt: str, known: str = "") -> str:
        """One line; an empty one keeps what is known."""
        shown = f"{prompt} [{known}]:" if known else f"{prompt}:"
        print(plain(shown), end=" ", file=self._output.stderr, flush=True)
        return self._line().strip() or known

    def agrees(self, prompt: str) -> bool:
        """Whether the person says yes. Anything but y or yes is no."""
        return self.ask(f"{prompt} [y/N]").lower() in ("y", "yes")

    def answer(self, question: Question, number: str, known: Any) -> str | bool:
        """The answer to a question, which fits it and is not missing where it is needed."""
        needed = "" if question.required else " (may stay empty)"
        self.say("", f"{number} {question.label}{needed}", *_advice(question))
        while True:
            given = self._given(question, known)
            wrong = check_answer(question, given)
            if not wrong and question.required and given in ("", False):
                wrong = "this is needed"
            if not wrong:
                return given
            self.say(f"  {wrong}")

    def text(self, prompt: str, known: str) -> str:
        """A text of several lines, in the editor where there is one."""
        return self._edited(prompt, known) if self._editor else self._typed(known)

    def _given(self, question: Question, known: Any) -> str | bool:
        if question.kind == "confirm":
            return known is True or self.agrees("  Do you confirm this?")
        before = known if isinstance(known, str) else ""
        if question.kind == "long_text":
            return self.text(question.label, before)
        given = self.ask("  your answer", before)
        if question.kind == "choice" and given.isdigit() and 1 <= int(given) <= len(question.choices):
            return question.choices[int(given) - 1]
        return given

    def _typed(self, known: str) -> str:
        kept = " An empty one keeps what you said." if known else ""
        self.say(f"  Type your answer; a line with a single {END} ends it.{kept}")
        lines: list[str] = []
        while (line := self._line()) != END:
            lines.append(line)
        return "\n".join(lines).strip() or known

    def _edited(self, prompt: str, known: str) -> str:
        """What stands in the editor's file when the editor is left. Only this person can read the file."""
        with tempfile.TemporaryDirectory(prefix="weights-") as folder:
            path = Path(folder) / "answer.txt"
            path.write_text(f"{known}\n{CUT}\n# {plain(prompt)}\n", encoding="utf-8")
            try:
                left = subprocess.run([*self._editor, str(path)], check=False).returncode
            except OSError as error:
                self.say(f"  The editor {self._editor[0]} cannot be used: {error.strerror or error}.")
                left = 1
            if left != 0:
                return self._typed(known)
            return path.read_text(encoding="utf-8", errors="replace").partition(CUT)[0].strip()

    def _line(self) -> str:
        try:
            return input()
        except (EOFError, KeyboardInterrupt):
            print(file=self._output.stderr)  # what is said next begins on a line of its own
            raise KeyboardInterrupt from None


def _advice(question: Question) -> list[str]:
    choices = [f"  {number}. {choice}" for number, choice in enumerate(question.choices, 1)]
    why = f"  Why we ask: {question.why}" if question.why else ""
    return [line for line in (f"  {question.help}" if question.help else "", why, *choices) if line]
