"""What the license tests share."""

import pytest

from tests.unit.licenses.world import World


@pytest.fixture
def world(db: None) -> World:
    return World()
