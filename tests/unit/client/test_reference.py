"""docs/reference/cli.md says what the command does: every command, option, variable, code and reference."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from weights_vault.client import errors
from weights_vault.client.main import app

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
CLIENT = ROOT / "weights_vault" / "client"
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
GLOBAL = {"--portal", "--portal-key", "--json", "--quiet", "--version"}


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def cells(title: str) -> list[list[str]]:
    """The rows of a section's tables, heads and rules left out."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [
        row for row, below in zip(rows, [*rows[1:], [""]], strict=True) if not _rule(row) and not _rule(below)
    ]


def _rule(row: list[str]) -> bool:
    return bool(row) and set(row[0]) == {"-"}


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


TREE = dict(commands(typer.main.get_command(app)))


def test_every_command_stands_in_the_page_with_its_arguments_and_none_else() -> None:
    written = {row[0].strip("`").removeprefix("weights ").replace("\\|", "|") for row in cells("Commands")}
    real = {
        " ".join([name, *(each.metavar for each in command.params if each.param_type_name == "argument")])
        for name, command in TREE.items()
    }
    assert written == real


def test_every_option_stands_in_the_page_and_none_else() -> None:
    rows = cells("Options")
    written = {(row[0].strip("`"), row[1].strip("`").split()[0]) for row in rows if len(row) == 3}
    real = {
        (name, option)
        for name, command in TREE.items()
        for each in command.params
        if each.param_type_name == "option"
        for option in each.opts
    }
    assert written == real
    assert {row[0].strip("`").split()[0] for row in rows if len(row) == 2} == GLOBAL | {"-h`,"}


def test_the_global_options_are_those_of_the_command() -> None:
    root = typer.main.get_command(app)
    assert {option for each in root.params for option in each.opts} == GLOBAL


def test_every_environment_variable_stands_in_the_page_and_none_else() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in CLIENT.rglob("*.py"))
    written = {row[0].strip("`") for row in cells("Environment")}
    assert written == set(re.findall(r"\"(WEIGHTS_[A-Z_]+)\"", source))


def test_the_exit_codes_are_the_promised_ones() -> None:
    classes = [getattr(errors, name) for name in ERRORS]
    real = {each.exit_code for each in classes if issubclass(each, errors.ClientError)} | {errors.EXIT_DONE}
    assert [int(row[0]) for row in cells("Exit codes")] == sorted(real)


def test_every_reference_stands_in_the_page_with_its_exit_code_and_none_else() -> None:
    written = {
        (name, code)
        for row in cells("Errors")
        for name in re.findall(r"`([a-z-]+)`", row[0])
        for code in map(int, row[1].split(","))
    }
    elsewhere = {("token-refused", 3), *((name, 7) for name in _of_the_smoke_test())}
    assert written == set(_references()) | elsewhere


def _references() -> Iterator[tuple[str, int]]:
    """Every reference that the client's source names, with the exit code of its class."""
    for path in CLIENT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                kind = getattr(errors, node.func.id, None) if node.func.id in ERRORS else None
                if kind is not None:
                    yield from ((name, kind.exit_code) for name in _words(node.args[0]))
    for reference, _ in errors._DISK_ERRORS.values():
        yield reference, errors.MachineFault.exit_code
    yield "file-error", errors.MachineFault.exit_code


def _words(argument: ast.expr) -> Iterator[str]:
    """The constant, or both ends of `this if … else that`."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.IfExp):
        yield from _words(argument.body)
        yield from _words(argument.orelse)


def _of_the_smoke_test() -> set[str]:
    from weights_vault.smoke.errors import Unavailable

    kinds = [Unavailable, *Unavailable.__subclasses__()]
    return {kind.reference for kind in kinds} - {"torch-missing"}
