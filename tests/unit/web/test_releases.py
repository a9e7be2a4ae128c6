"""The list of releases and the page of one."""

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World, shards
from weights_vault.models import Release

pytestmark = pytest.mark.database


def test_a_visitor_sees_what_is_listed_and_how_to_begin(open_as: OpenAs) -> None:
    page = open_as().get("/").content.decode()

    assert "OPT-175B" in page
    assert "Sign in to ask for access" in page


def test_the_list_says_where_the_reader_stands(world: World, open_as: OpenAs, big: Release) -> None:
    world.submitted("ada", big)
    world.signed("ada", Release.objects.get(slug="opt-66b"))

    page = open_as("ada").get("/").content.decode()

    assert "Your request is in review" in page
    assert "You have access" in page
    assert "Not open to you yet" in page


def test_the_list_shows_size_license_and_revision(open_as: OpenAs) -> None:
    page = open_as().get("/").content.decode()

    assert "326.0 GiB" in page
    assert "OPT noncommercial license" in page
    assert "No revision published yet" in page


def test_an_empty_portal_says_what_will_stand_here(open_as: OpenAs) -> None:
    Release.objects.update(state="unlisted")

    assert "Nothing is released yet" in open_as().get("/").content.decode()


def test_the_list_costs_the_same_for_ten_times_as_many_releases(
    world: World, open_as: OpenAs, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        release = world.release(f"opt-{number}", f"OPT {number}", "One of many.")
        world.publish(release, shards(1, 1000))
        world.draft("ada", release)
    client = open_as("ada")

    with django_assert_max_num_queries(22):
        client.get("/")


def test_an_unlisted_release_is_404(open_as: OpenAs, big: Release) -> None:
    Release.objects.filter(pk=big.pk).update(state="unlisted")

    assert open_as("ada").get("/releases/opt-175b/").status_code == 404


def test_a_release_page_tells_what_is_asked_by_whom_and_how_long(open_as: OpenAs) -> None:
    page = open_as().get("/releases/opt-175b/").content.decode()

    assert "You answer 4 questions" in page
    assert "2 reviewers read it" in page
    assert "within 5 days" in page
    assert "You download for 365 days" in page


def test_a_release_page_shows_card_license_files_and_commands(open_as: OpenAs, big: Release) -> None:
    page = open_as().get("/releases/opt-175b/").content.decode()
    license = big.terms.license.versions.get()

    assert "<strong>175 billion parameters</strong>" in page
    assert f"/licenses/{license.pk}/" in page
    assert "model-00001-of-00008.safetensors" in page
    assert "weights download opt-175b --to opt-175b" in page


def test_a_release_without_terms_says_so(world: World, open_as: OpenAs, big: Release) -> None:
    big.terms.delete()

    assert "has not set the terms yet" in open_as().get("/releases/opt-175b/").content.decode()


def test_a_license_page_shows_the_text_and_its_hash(open_as: OpenAs, big: Release) -> None:
    license = big.terms.license.versions.get()
    page = open_as().get(f"/licenses/{license.pk}/").content.decode()

    assert "noncommercial research" in page
    assert license.sha256[:8] in page


def test_an_unknown_license_is_404(open_as: OpenAs) -> None:
    assert open_as().get("/licenses/lic_nothing/").status_code == 404


@pytest.mark.parametrize("slug", ["gpt-2-xl", "opt-175b"])
def test_a_closed_stage_offers_no_request(open_as: OpenAs, slug: str) -> None:
    offered = f"/releases/{slug}/request/" in open_as("bo").get(f"/releases/{slug}/").content.decode()

    assert offered == (slug == "opt-175b")
