"""I8: what strangers can get at is not for production."""

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

from weights_vault.storage import storage
from weights_vault.storage.port import StorageError


def found(*, deploy: bool) -> list[str]:
    return [
        str(message.msg)
        for message in run_checks(include_deployment_checks=deploy)
        if message.id[:5] == "vault"
    ]


def test_a_private_store_passes() -> None:
    assert found(deploy=True) == []


def test_i8_a_store_that_anybody_can_read_fails_check_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage(), "public_faults", lambda: ["a stranger can list the bucket"])
    assert found(deploy=True) == ["Not for production: a stranger can list the bucket."]
    assert found(deploy=False) == []


def test_i8_a_folder_that_the_site_serves_fails_check_deploy(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGE_URL = f"file://{tmp_path}/store"
    assert "served to everybody" in found(deploy=True)[0]


def test_a_store_that_cannot_be_asked_has_not_shown_to_be_private(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails() -> list[str]:
        raise StorageError("it does not answer")

    monkeypatch.setattr(storage(), "public_faults", fails)
    assert "cannot be asked who may read it" in found(deploy=True)[0]


@pytest.mark.parametrize(("name", "value"), [("SCRUB_DAYS", 0), ("SCRUB_BYTES_PER_S", -1)])
def test_scrubbing_that_makes_no_sense_stops_the_start(settings: Any, name: str, value: int) -> None:
    setattr(settings, name, value)
    assert found(deploy=False) == ["SCRUB_DAYS or SCRUB_BYTES_PER_S makes no sense."]
