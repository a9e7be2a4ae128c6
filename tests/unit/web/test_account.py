"""The page on which people correct their details, and the pages that lead there."""

import pytest
from django.test import Client

from licenses.models import Acceptance, ReleaseTerms, Request
from portal.accounts.models import User
from portal.core.models import AuditEvent
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_signing import signature
from tests.unit.web.world import PASSWORD, World
from weights_vault.models import Release

ADDRESS = "/account/"
SAID = {"full_name": "Ada Holm", "organization": "Example Lab", "country": "FI"}


@pytest.fixture
def ada(open_as: OpenAs) -> Client:
    return open_as("ada")


def name_of_ada() -> str:
    return User.objects.get(email__startswith="ada@").full_name


def corrections() -> int:
    return AuditEvent.objects.filter(kind="account.details_corrected").count()


def test_the_page_shows_what_stands_in_the_account(ada: Client) -> None:
    answer = ada.get(ADDRESS)
    page = answer.content.decode()

    assert 'value="Ada Lindqvist"' in page
    assert 'value="Northern Institute for Language Technology"' in page
    assert '<option value="SE" selected>Sweden</option>' in page
    assert "no-store" in answer["Cache-Control"]


def test_a_correction_is_saved_and_said(ada: Client) -> None:
    answer = ada.post(ADDRESS, SAID, follow=True)
    user = User.objects.get(email__startswith="ada@")

    assert answer.redirect_chain == [(ADDRESS, 302)]
    assert (user.full_name, str(user.organization), user.country) == tuple(SAID.values())
    assert "Your details are saved." in answer.content.decode()
    assert corrections() == 1


def test_somebody_elses_account_cannot_be_named(world: World, ada: Client) -> None:
    """R2: who is corrected comes from the session, and nothing beside the three fields is taken."""
    bo = world.people["bo"]
    ada.post(ADDRESS, {**SAID, "user": bo.pk, "public_id": bo.public_id, "email": bo.email, "is_staff": "on"})
    user = User.objects.get(email__startswith="ada@")

    assert (user.full_name, user.is_staff) == ("Ada Holm", False)
    assert User.objects.get(pk=bo.pk).full_name == "Bo Tanaka"


def test_a_correction_asks_for_the_password_and_then_goes_on(open_as: OpenAs) -> None:
    client = open_as("ada", fresh=False)
    asked = client.post(ADDRESS, SAID)
    assert asked["Location"] == "/accounts/reauthenticate/?next=%2Faccount%2F"
    assert name_of_ada() == "Ada Lindqvist"

    client.post(asked["Location"], {"password": PASSWORD, "next": ADDRESS})

    assert name_of_ada() == "Ada Holm"


def test_a_correction_sent_to_an_address_with_a_query_goes_on_too(open_as: OpenAs) -> None:
    """allauth compares the way back with the bare path; the query came to nothing, and the form with it."""
    client, address = open_as("ada", fresh=False), f"{ADDRESS}?next=/keys/"
    asked = client.post(address, SAID)
    assert asked["Location"] == "/accounts/reauthenticate/?next=%2Faccount%2F%3Fnext%3D%2Fkeys%2F"

    wrong = client.post(asked["Location"], {"password": "not it", "next": address})
    assert wrong.status_code == 200
    client.post(asked["Location"], {"password": PASSWORD, "next": address})

    assert name_of_ada() == "Ada Holm"


def test_another_way_back_than_the_one_kept_changes_nothing(open_as: OpenAs) -> None:
    client = open_as("ada", fresh=False)
    asked = client.post(f"{ADDRESS}?next=/keys/", SAID)
    elsewhere = f"{ADDRESS}?next=/tokens/"
    answer = client.post(asked["Location"], {"password": PASSWORD, "next": elsewhere})

    assert answer["Location"] == elsewhere
    assert name_of_ada() == "Ada Lindqvist"


def test_what_is_wrong_is_shown_before_the_password_and_the_way_back_is_kept(open_as: OpenAs) -> None:
    answer = open_as("ada", fresh=False).post(ADDRESS, {**SAID, "full_name": "", "next": "/keys/"})

    assert answer.status_code == 400
    assert f'method="post" action="{ADDRESS}"' in answer.content.decode().partition("<main")[2]
    assert 'href="/keys/">Back without saving' in answer.content.decode()


def test_the_form_keeps_the_way_back_out_of_its_address(ada: Client) -> None:
    """Only what is sent to a bare address goes on after the question for the password."""
    assert f'method="post" action="{ADDRESS}"' in ada.get(f"{ADDRESS}?next=/keys/").content.decode()


@pytest.mark.parametrize("wrong", [{"full_name": ""}, {"organization": "a\x07b"}, {"country": "XX"}])
def test_a_detail_that_is_wrong_is_shown_beside_its_field(ada: Client, wrong: dict[str, str]) -> None:
    answer = ada.post(ADDRESS, {**SAID, **wrong})

    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == list(wrong)
    assert name_of_ada() == "Ada Lindqvist"


def test_m4_staff_see_their_organization_and_why_it_stays(open_as: OpenAs) -> None:
    rosa = open_as("rosa")
    page = rosa.get(ADDRESS).content.decode()
    field = page.partition('name="organization"')[2].partition(">")[0]
    assert ('value="Weights Portal"' in field, " disabled" in field) == (True, True)
    assert "it says whose requests they may not judge" in page

    answer = rosa.post(ADDRESS, SAID, follow=True)
    user = User.objects.get(email__startswith="rosa@")

    assert "Your details are saved." in answer.content.decode()
    assert (user.full_name, str(user.organization), user.country) == ("Ada Holm", "Weights Portal", "FI")


def test_everybody_else_changes_their_organization(ada: Client) -> None:
    page = ada.get(ADDRESS).content.decode()
    assert " disabled" not in page.partition('name="organization"')[2].partition(">")[0]


def test_who_was_sent_here_goes_back(ada: Client) -> None:
    page = ada.get(f"{ADDRESS}?next=/keys/").content.decode()
    answer = ada.post(ADDRESS, {**SAID, "next": "/keys/"})

    assert 'href="/keys/">Back without saving' in page
    assert answer["Location"] == "/keys/"


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "home",
        "\x00/keys/",
    ],
)
def test_an_address_elsewhere_is_no_way_back(ada: Client, back: str) -> None:
    page = ada.get(ADDRESS, {"next": back}).content.decode()
    answer = ada.post(ADDRESS, {**SAID, "next": back})

    assert "Back without saving" not in page
    assert answer.get("Location", ADDRESS) == ADDRESS


def test_the_menu_leads_here(ada: Client) -> None:
    assert f'href="{ADDRESS}"' in ada.get("/").content.decode()


def test_reviewers_read_what_stands_there_now(open_as: OpenAs, ada: Client, submitted: Request) -> None:
    """Requests keep no copy of who asked: a correction reaches one that is in review."""
    ada.post(ADDRESS, SAID)
    pages = [
        open_as("rosa").get(address).content.decode() for address in ("/review/", f"/review/{submitted.pk}/")
    ]

    for page in pages:
        assert "Ada Holm" in page
        assert "Example Lab" in page
        assert "Finland" in page
        assert "Ada Lindqvist" not in page
    submitted.refresh_from_db()
    assert (submitted.state, submitted.version) == ("submitted", 1)


def test_a_name_can_be_corrected_on_the_way_to_a_signature(world: World, ada: Client, big: Release) -> None:
    request = world.approved("ada", big)
    address = f"/requests/{request.pk}/sign/"
    married = signature(request, typed_name="Ada Holm")
    refused = ada.post(address, married)
    way = f"{ADDRESS}?next={address}"
    assert refused.status_code == 400
    assert f'href="{way}"' in refused.content.decode()

    assert ada.post(ADDRESS, {**SAID, "next": address})["Location"] == address
    ada.post(address, married)

    assert Acceptance.objects.get().typed_name == "Ada Holm"


@pytest.fixture
def excluded(big: Release) -> Release:
    ReleaseTerms.objects.filter(release=big).update(exclude_countries=["SE"])
    return big


@pytest.mark.parametrize("address", ["/releases/opt-175b/", "/releases/opt-175b/request/"])
def test_an_excluded_country_leads_here(ada: Client, excluded: Release, address: str) -> None:
    page = ada.get(address, follow=True).content.decode()

    assert "correct it there" in page
    assert f'href="{ADDRESS}">Your details' in page.partition("<main")[2]


def test_a_holder_in_an_excluded_country_is_led_here(world: World, ada: Client, big: Release) -> None:
    grant = world.signed("ada", big)
    ReleaseTerms.objects.filter(release=big).update(exclude_countries=["SE"])
    page = ada.get(f"/grants/{grant.pk}/").content.decode()

    assert f'href="{ADDRESS}">Your details' in page.partition("<main")[2]
    ada.post(ADDRESS, {**SAID, "country": "FI"})
    assert "weights download opt-175b" in ada.get(f"/grants/{grant.pk}/").content.decode()
