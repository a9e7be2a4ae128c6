from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from licenses.actions import granting
from licenses.models import License
from portal.core.keys import root_fingerprint
from tests.integration.api.world import (
    LICENSE_TEXT,
    QUESTIONS,
    World,
    in_browser,
    publish_license,
    release_of,
    revision_of,
    session_of,
    with_token,
)
from weights_vault.actions import withdraw
from weights_vault.models import Model
from weights_vault.sealed import trust
from weights_vault.sealed.head import Head, open_head

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ENVELOPE = "application/vnd.dsse.envelope.v1+json"


def test_anybody_reads_the_listed_releases(world: World) -> None:
    answer = APIClient().get("/api/v1/releases")
    assert answer.status_code == 200
    [release] = answer.json()["results"]
    assert release["slug"] == "opt-175b"
    assert release["model"] == {"slug": "opt", "name": "OPT"}
    assert (release["strategy"], release["stage"]) == ("request", "researchers")
    assert release["license"] == {
        "id": world.license.pk,
        "name": "OPT noncommercial",
        "number": 1,
        "sha256": world.license.sha256,
    }
    assert release["revision"]["name"] == "v1"
    assert (release["revision"]["size"], release["revision"]["files"]) == (90_700, 2)
    assert release["access"]["code"] == "login_required"
    assert release["url"].endswith("/releases/opt-175b/")


@pytest.mark.parametrize(
    ("arrange", "code"),
    [
        (lambda world: None, "no_request"),
        (World.draft, "request_draft"),
        (World.submitted, "request_pending"),
        (World.granted, None),
    ],
    ids=["nothing", "draft", "submitted", "granted"],
)
def test_a_release_says_where_its_reader_stands(
    world: World, arrange: Callable[[World], object], code: str | None
) -> None:
    arrange(world)
    access = with_token(world.researcher).get("/api/v1/releases/opt-175b").json()["access"]
    assert (access["code"], access["allowed"]) == (code, code is None)
    assert (access["grant"] is not None) == (code is None)
    assert bool(access["next_step"]) == (code is not None)


def test_one_release_has_its_card_questions_revisions_and_files(world: World) -> None:
    detail = APIClient().get("/api/v1/releases/opt-175b").json()
    assert detail["card"] == "# Card"
    assert detail["questions"] == [{**question, "why": ""} for question in QUESTIONS]
    assert [revision["name"] for revision in detail["revisions"]] == ["v1"]
    assert [(file["path"], file["size"]) for file in detail["files"]] == [
        ("config.json", 700),
        ("model-00001-of-00001.safetensors", 90_000),
    ]


def test_an_unlisted_release_is_404_to_who_has_nothing_to_do_with_it(world: World) -> None:
    for client in (APIClient(), with_token(world.researcher), in_browser(world.researcher)):
        for path in ("/api/v1/releases/opt-secret", "/api/v1/releases/opt-secret/head"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert in_browser(world.reviewers[0]).get("/api/v1/releases/opt-secret").status_code == 200


def test_the_list_takes_the_same_queries_for_one_release_and_for_many(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    model, license = Model.objects.get(), License.objects.get()
    for number in range(12):
        revision_of(release_of(model, f"opt-{number}", license), "v1", 1)
    world.granted()
    client = with_token(world.researcher)
    with django_assert_max_num_queries(15):
        answer = client.get("/api/v1/releases")
    assert len(answer.json()["results"]) == 13


def test_pages_follow_one_another_without_a_gap(world: World, settings: Settings) -> None:
    model, license = Model.objects.get(), License.objects.get()
    for number in range(6):
        release_of(model, f"opt-{number}", license)
    client, seen, url = APIClient(), [], f"{settings.PORTAL_URL}/api/v1/releases?limit=3"
    while url:
        assert url.startswith(f"{settings.PORTAL_URL}/api/v1/releases?")
        page = client.get(url).json()
        seen += [release["slug"] for release in page["results"]]
        url = page["next"]
    assert sorted(seen) == sorted(["opt-175b", *(f"opt-{number}" for number in range(6))])


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "cD1hYmM%3D",
        "%00",
        "bz05OTk5OTk5OTk5OTk5OTk5OTk5OQ%3D%3D",
        "cD0lMDA%3D",  # p=%00
        "cD0lRUQlQTAlODA%3D",  # p= and half a surrogate pair
        "%C3%A9",
    ],
)
@pytest.mark.parametrize("path", ["releases", "requests", "grants", "keys"])
def test_a_forged_cursor_is_400_or_an_empty_page(world: World, path: str, cursor: str) -> None:
    world.granted()
    answer = with_token(world.researcher).get(f"/api/v1/{path}?cursor={cursor}")
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert "cursor" in answer.json()["errors"]


def open_trust(portal: str) -> trust.TrustDocument:
    answer = APIClient().get("/api/v1/trust")
    assert answer.headers["Content-Type"] == ENVELOPE
    return trust.open_trust(
        answer.content, pinned=root_fingerprint(), minimum_sequence=0, portal=portal, now=timezone.now()
    )


def test_the_trust_document_opens_with_the_portals_fingerprint(world: World, settings: Settings) -> None:
    assert open_trust(settings.PORTAL_URL).keys["head"]


def test_the_head_is_signed_and_follows_a_withdrawal(world: World, settings: Settings) -> None:
    def head() -> Head:
        answer = APIClient().get("/api/v1/releases/opt-175b/head")
        assert answer.headers["Content-Type"] == ENVELOPE
        keys = open_trust(settings.PORTAL_URL)
        return open_head(answer.content, keys, release="opt-175b", minimum_sequence=0, now=timezone.now())

    assert head().revision == "v1"
    withdraw.withdraw(
        revision=world.revision, reason="A shard is bad.", by=session_of(world.manager), now=timezone.now()
    )
    assert head().withdrawn == ("v1",)


def test_the_head_of_a_release_without_a_revision_is_404(world: World) -> None:
    release_of(Model.objects.get(), "opt-empty", License.objects.get())
    assert APIClient().get("/api/v1/releases/opt-empty/head").status_code == 404


def test_a_license_text_is_read_by_its_id(world: World) -> None:
    answer = APIClient().get(f"/api/v1/licenses/{world.license.pk}").json()
    assert (answer["text"], answer["sha256"]) == (LICENSE_TEXT, world.license.sha256)
    assert APIClient().get("/api/v1/licenses/lic_none").status_code == 404


def test_a_license_not_yet_in_force_is_not_the_releases(world: World) -> None:
    publish_license(world.license.license, 2, "A later text.\n", in_force_in=timedelta(days=1))
    shown = APIClient().get("/api/v1/releases/opt-175b").json()["license"]
    assert shown["number"] == 1


def test_a_revoked_grant_shows_its_reason(world: World) -> None:
    grant = world.granted()
    granting.revoke(
        grant=grant, reason="The lab asked for it.", by=session_of(world.reviewers[0]), now=timezone.now()
    )
    access = with_token(world.researcher).get("/api/v1/releases/opt-175b").json()["access"]
    assert access["code"] == "grant_revoked"
    assert "The lab asked for it." in access["message"]
