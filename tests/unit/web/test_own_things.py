"""What is a person's own: grants, keys, tokens, pending actions."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from licenses import actions
from licenses.models import Grant
from portal.accounts.models import AccessToken, PendingAction
from portal.accounts.tokens import authenticate
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import PASSWORD, World
from weights_vault.actions import keys
from weights_vault.models import RecipientKey, Release


@pytest.fixture
def ada(open_as: OpenAs) -> Client:
    return open_as("ada")


@pytest.fixture
def removal(world: World) -> PendingAction:
    """The command asked to remove Ada's key."""
    return keys.propose_removal(by=world.by("ada"), key=world.key("ada"), now=world.now)


def test_a_live_grant_shows_its_end_and_the_commands(world: World, ada: Client, big: Release) -> None:
    grant = world.signed("ada", big)
    page = ada.get(f"/grants/{grant.pk}/").content.decode()

    assert "Active" in page
    assert "weights download opt-175b" in page
    assert "weights smoke-test opt-175b" in page


def test_an_expired_grant_says_so_and_offers_no_download(world: World, ada: Client, big: Release) -> None:
    grant = world.signed("ada", big)
    Grant.objects.filter(pk=grant.pk).update(
        starts_at=world.ago(400), ends_at=world.ago(35), state_at=world.ago(400)
    )
    page = ada.get(f"/grants/{grant.pk}/").content.decode()

    assert "Expired" in page
    assert "weights download" not in page
    assert "Expired" in ada.get("/grants/").content.decode()


def test_no_grants_lead_to_the_releases(ada: Client) -> None:
    assert "No grants yet" in ada.get("/grants/").content.decode()


def test_keys_are_listed_and_the_command_that_makes_one_explained(world: World, ada: Client) -> None:
    world.key("ada")
    page = ada.get("/keys/").content.decode()

    assert "cluster login node" in page
    assert "Post-quantum" in page
    assert "weights keys create" in page


def test_a_key_is_removed_only_after_a_confirmation(world: World, ada: Client) -> None:
    key = world.key("ada")
    ada.get(f"/keys/{key.pk}/remove/")
    key.refresh_from_db()
    assert key.state == RecipientKey.State.ACTIVE

    ada.post(f"/keys/{key.pk}/remove/")

    key.refresh_from_db()
    assert key.state == RecipientKey.State.REMOVED


def test_a_tokens_secret_is_shown_once_and_kept_nowhere(ada: Client) -> None:
    said = {"name": "cluster", "scopes": ["read", "download"], "days": "7"}
    answer = ada.post("/tokens/", said)
    secret = re.search(r"wp_[0-9A-Za-z]{46}", answer.content.decode())

    assert secret is not None
    assert authenticate(secret[0], timezone.now()) == AccessToken.objects.get()
    assert "no-store" in answer["Cache-Control"]
    assert secret[0] not in ada.get("/tokens/").content.decode()
    assert secret[0] not in str(dict(ada.session))


def test_a_token_asks_for_the_password_first(open_as: OpenAs) -> None:
    answer = open_as("ada", fresh=False).post("/tokens/", {"name": "x", "scopes": ["read"], "days": "7"})

    assert "/accounts/reauthenticate/" in answer["Location"]
    assert not AccessToken.objects.exists()


def test_a_token_for_one_grant_that_could_not_be_made_is_refused_before_the_password(
    world: World, open_as: OpenAs, big: Release
) -> None:
    said = {"name": "x", "scopes": ["read", "requests"], "days": "7", "grant": world.signed("ada", big).pk}
    answer = open_as("ada", fresh=False).post("/tokens/", said)
    assert answer.status_code == 400
    assert "A token for one grant cannot do this: Requests." in answer.text


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"scopes": []}, {"scopes": ["admin"]}, {"days": "365"}, {"name": "\x07"}]
)
def test_a_token_that_cannot_be_made_like_this_is_not_made(ada: Client, wrong: dict[str, object]) -> None:
    answer = ada.post("/tokens/", {"name": "cluster", "scopes": ["read"], "days": "7", **wrong})

    assert answer.status_code == 400
    assert not AccessToken.objects.exists()


def test_a_token_can_be_ended(ada: Client) -> None:
    ada.post("/tokens/", {"name": "cluster", "scopes": ["read"], "days": "7"})
    token = AccessToken.objects.get()

    ada.post(f"/tokens/{token.pk}/end/")

    token.refresh_from_db()
    assert token.ended_at is not None
    assert "Ended" in ada.get("/tokens/").content.decode()


def test_a_pending_action_shows_what_will_happen_and_the_code(ada: Client, removal: PendingAction) -> None:
    page = ada.get(f"/pending/{removal.pk}/").content.decode()

    assert "Remove the recipient key" in page
    assert removal.code in page


def test_confirming_a_pending_action_does_it(ada: Client, removal: PendingAction) -> None:
    ada.post(f"/pending/{removal.pk}/", {"do": "confirm"})

    assert RecipientKey.objects.get().state == RecipientKey.State.REMOVED
    assert "Confirmed" in ada.get(f"/pending/{removal.pk}/").content.decode()


def test_refusing_a_pending_action_does_nothing(ada: Client, removal: PendingAction) -> None:
    ada.post(f"/pending/{removal.pk}/", {"do": "refuse"})

    assert RecipientKey.objects.get().state == RecipientKey.State.ACTIVE
    assert "Refused" in ada.get(f"/pending/{removal.pk}/").content.decode()


def test_a_pending_action_asks_for_the_password_and_then_goes_on(
    open_as: OpenAs, removal: PendingAction
) -> None:
    client, address = open_as("ada", fresh=False), f"/pending/{removal.pk}/"
    asked = client.post(address, {"do": "confirm"})
    assert RecipientKey.objects.get().state == RecipientKey.State.ACTIVE

    client.post(asked["Location"], {"password": PASSWORD, "next": address})

    assert RecipientKey.objects.get().state == RecipientKey.State.REMOVED


def test_an_expired_action_offers_no_button(open_as: OpenAs, removal: PendingAction) -> None:
    with time_machine.travel(removal.expires_at + timedelta(seconds=1), tick=False):
        page = open_as("ada").get(f"/pending/{removal.pk}/").content.decode()

    assert "Expired" in page
    assert 'value="confirm"' not in page


def test_a_second_confirmation_is_told_that_it_was_done(ada: Client, removal: PendingAction) -> None:
    ada.post(f"/pending/{removal.pk}/", {"do": "confirm"})

    assert ada.post(f"/pending/{removal.pk}/", {"do": "confirm"}).status_code == 409


def test_a_signature_asked_by_the_command_shows_the_text_that_is_signed(
    world: World, ada: Client, big: Release
) -> None:
    request = world.approved("ada", big)
    action = actions.propose_sign(request=request, by=world.by("ada"), now=world.now)

    assert "without any warranty" in ada.get(f"/pending/{action.pk}/").content.decode()

    ada.post(f"/pending/{action.pk}/", {"do": "confirm"})

    assert Grant.objects.filter(request=request).exists()
