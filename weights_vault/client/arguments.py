"""Global options may stand anywhere on the command line: this moves them in front of the command.

Typer reads the options of the root only before the command's name; people write `weights show opt --json`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from weights_vault.client.errors import WrongUsage

FLAGS = ("--json", "--quiet", "--version")
_SECRET = re.compile(r"(^|=)wp[dr]?_[A-Za-z0-9_-]{16}|AGE-SECRET-KEY-", re.IGNORECASE)
VALUED = ("--portal", "--portal-key")


def globals_first(arguments: Sequence[str]) -> list[str]:
    """The same arguments, global options first. What follows `--` stays where it is.

    Raises: WrongUsage: a global option that takes a value is the last word.
    """
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in FLAGS or word.startswith(tuple(f"{name}=" for name in VALUED)):
            front.append(word)
        elif word in VALUED:
            front += [word, _value_of(word, next(words, None))]
        else:
            rest.append(word)
    return front + rest


def refuse_secrets(arguments: Sequence[str]) -> None:
    """Refuse a command line with a token or a private key in it: other users and the shell's history see it.

    Raises: WrongUsage(secret-on-command-line), whose words never repeat it.
    """
    if any(_SECRET.search(word) for word in arguments):
        raise WrongUsage(
            "secret-on-command-line",
            "There is a token or a private key on the command line.",
            "Whoever looks at this machine's processes or at your shell's history can read it.",
            "End that token, or give up that key; pass tokens by stdin: weights login --token < token.txt",
        )


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether `--json` is among the words before `--`; needed before the options can be parsed."""
    words = list(arguments)
    return "--json" in words[: words.index("--")] if "--" in words else "--json" in words


def _value_of(option: str, value: str | None) -> str:
    if value is None or value.startswith("--"):
        raise WrongUsage(
            "option-needs-value",
            f"Option {option} needs a value.",
            "It is followed by nothing, or by another option.",
            f"Write {option} VALUE; `weights --help` lists the options.",
        )
    return value
