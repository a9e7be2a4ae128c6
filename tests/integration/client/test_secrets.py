"""G8: whatever the commands do, no token, private key, file key or signed URL is said or left lying about."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.integration.client.conftest import Ran, Weights
from tests.simulators import faults
from tests.simulators.portal import TOKEN, Answer, SimulatedPortal
from weights_vault.client.home import Home
from weights_vault.client.redaction import Secret
from weights_vault.client.settings import Settings
from weights_vault.client.transfer.headers import OpenedHeader
from weights_vault.client.transfer.urls import SignedUrl


def run_everything(weights: Weights, portal: SimulatedPortal, place: Path) -> list[Ran]:
    """One of each command, in good times and bad ones."""
    folder = str(place / "release")
    done = [
        weights("login", "--token", stdin=TOKEN),
        weights("whoami", "--json"),
        weights("keys", "create", "--json"),
        weights("keys", "list", "--json"),
        weights("download", "opt-tiny", "--to", folder, "--keep-sealed", "--json"),
        weights("verify", folder, "--json"),
        weights("show", "opt-tiny", "--json"),
    ]
    for number, fault in enumerate((faults.flipped, faults.refused(403), faults.whole, faults.refused(404))):
        portal.every_fault = fault
        done.append(weights("download", "opt-tiny", "--to", f"{folder}-{number}"))
    portal.every_fault = None
    portal.always("/grants/grt_simulated/urls", Answer(500, b"{}"))
    done.append(weights("download", "opt-tiny", "--to", f"{folder}-9"))
    done.append(weights("logout"))
    return done


def test_g8_nothing_secret_is_printed_logged_or_left_in_the_folder(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    done = run_everything(weights, portal, tmp_path)
    said = "".join(ran.out + ran.err for ran in done) + caplog.text
    folders = [path for path in tmp_path.rglob("*") if path.is_file() and home not in path.parents]
    left = b"".join(path.read_bytes() for path in folders if path.suffix not in (".safetensors", ".body"))
    (identity,) = home.glob("keys/*.txt")
    private = identity.read_text().splitlines()[-1]
    assert private.startswith("AGE-SECRET-KEY-")
    secrets = [TOKEN, private, *portal.urls, *(file.key.hex() for file in portal.release.files.values())]
    assert len(portal.urls) > 4
    for secret in secrets:
        assert secret not in said
        assert secret.encode() not in left
    assert all(file.key not in left for file in portal.release.files.values())


def test_g8_nothing_secret_stands_in_the_home_but_in_its_own_private_file(
    weights: Weights, portal: SimulatedPortal, tmp_path: Path, home: Path
) -> None:
    weights("login", "--token", stdin=TOKEN)
    weights("keys", "create")
    weights("download", "opt-tiny", "--to", str(tmp_path / "release"))
    for path in home.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
        if path.is_file() and path.suffix not in (".token", ".txt"):
            text = path.read_text()
            assert TOKEN not in text
            assert "AGE-SECRET-KEY" not in text


@pytest.mark.parametrize(
    "value",
    [
        Secret("wp_secret-value"),
        SignedUrl("https://store/wp_secret-value", 1.0),
        OpenedHeader(b"wp_secret-value", b"wp_secret-value"),
        Settings(home=Home(Path("/nowhere")), environment={"WEIGHTS_TOKEN": "wp_secret-value"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_g8_repr_and_str_of_what_holds_a_secret_show_none(value: object) -> None:
    assert "secret-value" not in f"{value!r} {value!s}"
