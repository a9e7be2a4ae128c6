"""What somebody who joined a request may do with it over the API."""

import pytest
from django.utils import timezone

from licenses.models import Party
from tests.integration.api.world import ANSWERS, World, with_token

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def joined(world: World) -> str:
    """Id of a request that the other person joined as a co-applicant."""
    made = with_token(world.researcher).post("/api/v1/requests", {"release": "opt-175b", "answers": ANSWERS})
    Party.objects.create(
        request_id=made.json()["id"],
        role="co_applicant",
        email=world.other.email,
        full_name=world.other.full_name,
        user=world.other,
        state="joined",
        state_at=timezone.now(),
        asked_at=timezone.now(),
    )
    return str(made.json()["id"])


def test_a_co_applicant_finds_and_reads_the_request(world: World, joined: str) -> None:
    client = with_token(world.other)
    assert [each["id"] for each in client.get("/api/v1/requests").json()["results"]] == [joined]
    assert client.get(f"/api/v1/requests/{joined}").json()["answers"] == ANSWERS


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "", {"answers": {}}),
        ("post", "/submit", {"license_sha256": "0" * 64}),
        ("post", "/withdraw", {}),
        ("post", "/appeal", {"text": "Again."}),
    ],
)
def test_only_the_applicant_changes_it(
    world: World, joined: str, method: str, path: str, body: dict[str, object]
) -> None:
    answer = getattr(with_token(world.other), method)(f"/api/v1/requests/{joined}{path}", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_applicant")


def test_a_request_with_an_unanswered_invitation_is_not_sent(world: World, joined: str) -> None:
    Party.objects.update(state="invited", user=None)
    sent = with_token(world.researcher).post(
        f"/api/v1/requests/{joined}/submit", {"license_sha256": world.license.sha256}
    )
    assert (sent.status_code, sent.json()["code"]) == (409, "party_pending")
    assert with_token(world.other).get(f"/api/v1/requests/{joined}").status_code == 404
