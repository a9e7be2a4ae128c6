"""The import contracts of pyproject.toml name every room there is."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
APART = {"sealed", "smoke", "client"}
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "importlinter"
]["contracts"]


def vault_rooms() -> set[str]:
    """The modules and packages of the vault's Django part."""
    found = {path.stem for path in (ROOT / "weights_vault").glob("*.py")}
    found |= {path.parent.name for path in (ROOT / "weights_vault").glob("*/__init__.py")}
    return {f"weights_vault.{name}" for name in found - APART - {"__init__"}}


@pytest.mark.parametrize(
    ("contract", "side"),
    [
        ("The server runs smoke tests, and torch, in a process of their own", "source_modules"),
        ("Client, smoke and sealed import no Django and no app", "forbidden_modules"),
    ],
)
def test_a_new_room_of_the_vault_needs_its_line_in_the_contract(contract: str, side: str) -> None:
    named = next(entry for entry in CONTRACTS if entry["name"] == contract)[side]
    assert vault_rooms() - set(named) == set()
