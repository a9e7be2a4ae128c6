"""A simulated portal, a home of its own, and the `weights` command run in this process."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.portal import TOKEN, SimulatedPortal
from weights_vault.client import pending, retry
from weights_vault.client.main import run


@dataclass(frozen=True)
class Ran:
    """What a command did. code: exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


Weights = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are seconds for people are milliseconds here."""
    monkeypatch.setattr(pending, "FIRST_POLL_S", 0.001)
    monkeypatch.setattr(retry, "FIRST_DELAY_S", 0.001)
    monkeypatch.setattr(retry, "MAX_DELAY_S", 0.01)


@pytest.fixture
def portal() -> Iterator[SimulatedPortal]:
    with SimulatedPortal() as simulated:
        yield simulated


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty WEIGHTS_HOME and no other setting of the machine that runs the tests."""
    place = tmp_path / "home"
    for name in ("WEIGHTS_PORTAL", "WEIGHTS_PORTAL_KEY", "WEIGHTS_TOKEN", "WEIGHTS_IDENTITY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WEIGHTS_HOME", str(place))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return place


@pytest.fixture
def bare_weights(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Weights:
    """Runs `weights` with the given words. stdin: text that it finds there."""

    def weights(*words: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = run(list(words))
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return weights


@pytest.fixture
def weights(bare_weights: Weights, portal: SimulatedPortal, monkeypatch: pytest.MonkeyPatch) -> Weights:
    """The same, with the portal and a token that works in the environment."""
    monkeypatch.setenv("WEIGHTS_PORTAL", portal.url)
    monkeypatch.setenv("WEIGHTS_TOKEN", TOKEN)
    return bare_weights
