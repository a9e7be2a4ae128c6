"""What the license tests share."""

from pathlib import Path
from typing import Any

import pytest

from portal.core.certificates import stand_in_pem
from tests.unit.licenses.world import NOW, World


@pytest.fixture(scope="session")
def agreement_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the portal signs documents with, good in the days in which these tests live."""
    path = tmp_path_factory.mktemp("keys") / "agreement.pem"
    path.write_bytes(stand_in_pem("A portal for tests", NOW))
    return path


@pytest.fixture(autouse=True)
def _signed_in_these_days(settings: Any, agreement_key: Path) -> None:
    settings.AGREEMENT_KEY = str(agreement_key)


@pytest.fixture
def world(db: None) -> World:
    return World()
