"""What no form offers, sent to the pages all the same: refused or not found, never an error of the portal.

A NUL cannot stand in PostgreSQL's texts at all, and not every moment that Python reads can stand there.
"""

import pytest

from licenses.models import Grant, Request, Vote
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release

pytestmark = pytest.mark.database

NUL = "req_\x00"


def test_ids_that_cannot_be_name_nothing_on_the_desk(open_as: OpenAs, submitted: Request) -> None:
    rosa = open_as("rosa")
    ballot = {"ballot": f"{NUL}:1", "verdict": "approve"}

    assert rosa.post(f"/review/{submitted.pk}/reason/", {"kept": NUL}).status_code == 200
    assert (
        rosa.post("/review/assign/", {"do": "give", "to": NUL, "selected": submitted.pk}).status_code == 302
    )
    assert rosa.post("/review/assign/", {"do": "take", "selected": NUL}).status_code == 302
    assert rosa.post("/review/together/", {"selected": NUL}).status_code == 302
    assert rosa.post("/review/together/vote/", ballot).status_code == 302
    assert rosa.get("/review/grants/together/", {"grant": NUL}).status_code == 302
    assert not Vote.objects.exists()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "x"])
def test_a_place_in_the_queue_that_cannot_be_counts_as_none(
    moment: str, open_as: OpenAs, submitted: Request
) -> None:
    answer = open_as("rosa").get("/review/", {"after": f"{moment}~req_1"})

    assert answer.status_code == 200
    assert submitted.pk in answer.content.decode()


def test_ids_that_cannot_be_name_nothing_of_ones_own(world: World, open_as: OpenAs, big: Release) -> None:
    draft, grant = world.draft("bo", big), world.signed("ada", big)
    Grant.objects.filter(pk=grant.pk).update(ends_at=world.ago(-10))
    begun = open_as("ada").post(f"/grants/{grant.pk}/renew/", {"key": NUL})

    assert open_as("bo").post(f"/requests/{draft.pk}/team/", {"remove": NUL}).status_code == 404
    assert begun.status_code == 302
    assert Request.objects.get(renews=grant.request_id).draft_key == ""
