"""What a refusal leaves behind for those who watch."""

import pytest

from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World


@pytest.mark.django_db
def test_a_refusal_is_logged_with_who_tried_what(
    world: World, open_as: OpenAs, caplog: pytest.LogCaptureFixture
) -> None:
    assert open_as("ada").get("/review/").status_code == 403
    said = [record.getMessage() for record in caplog.records if record.name == "portal.core.problems"]
    assert said == [f"refused: GET /review/ to {world.people['ada'].public_id} (role_required)"]
