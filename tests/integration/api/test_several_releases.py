"""One request for several releases, over the API."""

import pytest

from licenses.models import ReleaseTerms, Request
from tests.integration.api.world import ANSWERS, World, release_of, with_token
from weights_vault.models import Release

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def second(world: World) -> Release:
    """A release of the same model under the same terms."""
    return release_of(world.release.model, "opt-66b", world.license.license)


def test_several_releases_are_asked_for_in_one_request(world: World, second: Release) -> None:
    client = with_token(world.researcher)
    made = client.post("/api/v1/requests", {"releases": ["opt-175b", second.slug], "answers": ANSWERS})
    assert made.status_code == 201, made.content
    assert {each.slug for each in Request.objects.get().releases.all()} == {"opt-175b", "opt-66b"}


def test_releases_that_do_not_go_together_are_named(world: World, second: Release) -> None:
    ReleaseTerms.objects.filter(release=second).update(quorum=1)
    client = with_token(world.researcher)
    made = client.post("/api/v1/requests", {"releases": ["opt-175b", second.slug], "answers": ANSWERS})
    assert (made.status_code, made.json()["code"]) == (400, "releases_invalid")
    assert not Request.objects.exists()


@pytest.mark.parametrize(
    "body",
    [{}, {"release": "opt-175b", "releases": ["opt-175b"]}, {"releases": []}, {"releases": ["no/slug"]}],
)
def test_a_request_names_one_release_or_several(world: World, body: dict[str, object]) -> None:
    made = with_token(world.researcher).post("/api/v1/requests", {**body, "answers": ANSWERS})
    assert made.status_code == 400


def test_one_that_cannot_be_seen_is_not_found(world: World) -> None:
    made = with_token(world.researcher).post("/api/v1/requests", {"releases": ["opt-175b", "hidden"]})
    assert made.status_code == 404
