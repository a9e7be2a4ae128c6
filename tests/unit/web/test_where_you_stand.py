"""What is a person's, on the first page; and what changing the organization does, told before it happens."""

from datetime import timedelta

import pytest
from django.test import Client

from licenses.models import Grant, Request
from portal.accounts.models import Organization
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release


def test_home_says_where_you_stand_with_each_thing(world: World, open_as: OpenAs, submitted: Request) -> None:
    grant = world.signed("ada", Release.objects.get(slug="opt-66b"))
    answer = open_as("ada").get("/")
    things = answer.context["things"]

    assert [(thing.title, thing.said.text) for thing in things] == [
        ("OPT-175B", "In review"),
        ("OPT-66B", "Active"),
    ]
    assert [thing.deadline.label for thing in things] == ["An answer is due by", "Access ends on"]
    page = answer.content.decode()
    assert "Where you stand" in page
    assert f"/grants/{grant.pk}/" in page


def test_what_is_yours_to_do_stands_first(world: World, open_as: OpenAs, big: Release) -> None:
    ending = world.signed("ada", Release.objects.get(slug="opt-66b"))
    Grant.objects.filter(pk=ending.pk).update(ends_at=world.now + timedelta(days=20))
    world.submitted("ada", big)

    first = open_as("ada").get("/").context["things"][0]

    assert (first.title, first.next) == ("OPT-66B", "Renew it, or close it out")


def test_nothing_of_others_and_nothing_for_visitors(open_as: OpenAs, submitted: Request) -> None:
    assert open_as("bo").get("/").context["things"] == []
    assert "Where you stand" not in open_as().get("/").content.decode()


@pytest.fixture
def grant(world: World, big: Release) -> Grant:
    """Ada's, given under her organization, which her address confirms."""
    home = world.people["ada"].organization
    assert home is not None
    domain = world.people["ada"].email.rpartition("@")[2]
    Organization.objects.filter(pk=home.pk).update(domains=[domain])
    grant = world.signed("ada", big)
    Grant.objects.filter(pk=grant.pk).update(organization=home)
    return grant


@pytest.fixture
def ada(open_as: OpenAs) -> Client:
    return open_as("ada")


SAID = {"full_name": "Ada Lindqvist", "country": "SE", "organization": "Somewhere <b>New</b>"}


def organization_of(world: World) -> str:
    world.people["ada"].refresh_from_db()
    home = world.people["ada"].organization
    return home.name if home else ""


def test_leaving_an_organization_is_asked_first(world: World, ada: Client, grant: Grant) -> None:
    before = organization_of(world)
    page = ada.post("/account/", SAID).content.decode()

    assert "Nothing is saved yet" in page
    assert "is suspended</strong> until staff decide" in page
    assert "<b>New</b>" not in page
    assert organization_of(world) == before

    ada.post("/account/", {**SAID, "confirm": "yes"})
    assert organization_of(world) == SAID["organization"]


def test_where_the_terms_keep_it_the_page_says_so(ada: Client, big: Release, grant: Grant) -> None:
    big.terms.on_affiliation_end = "keep"
    big.terms.save()

    assert "stays yours" in ada.post("/account/", SAID).content.decode()


def test_other_details_are_saved_at_once(world: World, ada: Client, grant: Grant) -> None:
    answer = ada.post("/account/", {**SAID, "organization": organization_of(world), "country": "NO"})

    assert answer.status_code == 302
    world.people["ada"].refresh_from_db()
    assert world.people["ada"].country == "NO"


def test_without_grants_nothing_is_asked(world: World, ada: Client) -> None:
    ada.post("/account/", SAID)

    assert organization_of(world) == SAID["organization"]
