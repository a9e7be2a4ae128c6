"""The import contracts of pyproject.toml name every room there is; migrations keep the same order."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.db.migrations.loader import MigrationLoader

ROOT = Path(__file__).resolve().parents[2]
APART = {"sealed", "smoke", "client"}
BOTTOM_UP = ["core", "accounts", "weights_vault", "licenses"]
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


def test_no_migration_needs_an_app_above_its_own() -> None:
    """An installation with the lower apps alone migrates, as tests/unit/core/trial_jobs does."""
    found = MigrationLoader(None).disk_migrations
    upwards = [
        f"{app}.{name} needs {other}.{needed}"
        for (app, name), migration in found.items()
        for other, needed in migration.dependencies
        if app in BOTTOM_UP and other in BOTTOM_UP[BOTTOM_UP.index(app) + 1 :]
    ]
    assert upwards == []
