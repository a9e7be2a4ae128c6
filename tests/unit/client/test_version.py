from __future__ import annotations

import json
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from weights_vault.client.main import run
from weights_vault.client.version import DISTRIBUTION, VERSION, version

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(words) == 0
    return capsys.readouterr().out


def test_the_sources_own_word_is_the_projects() -> None:
    assert (PROJECT["name"], PROJECT["version"]) == (DISTRIBUTION, VERSION)


@pytest.mark.parametrize("words", [["--version"], ["--version", "show"], ["download", "opt", "--version"]])
def test_version_is_said_whatever_else_stands_there(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "version", {DISTRIBUTION: "7.8.9"}.__getitem__)
    assert said(capsys, *words) == "weights 7.8.9\n"


@pytest.mark.parametrize("words", [["--version", "--json"], ["--json", "--version"]])
def test_version_with_json_is_a_document(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(said(capsys, *words)) == {"version": version()}


def test_without_an_installed_distribution_the_source_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert version() == VERSION
