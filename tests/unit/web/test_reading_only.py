"""What staff see who read and change nothing: no box, no field and no button that would lead to a refusal."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from licenses.models import Request
from portal.accounts.models import User
from tests.unit.web import papers
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World


@pytest.fixture
def otto(open_as: OpenAs) -> Client:
    """An auditor."""
    return open_as("otto")


def test_nothing_can_be_selected_where_nothing_can_be_done_with_it(
    world: World, otto: Client, rosa: Client, submitted: Request
) -> None:
    world.signed("bo", submitted.releases.get())
    for address in ("/review/", "/review/grants/"):
        assert 'type="checkbox" name=' in rosa.get(address).text
        assert "queue-box" not in otto.get(address).text, address


def test_a_draft_is_shown_and_not_typed_into(world: World, otto: Client, rosa: Client) -> None:
    address = f"/desk/license-drafts/{papers.drafted(world).pk}/"
    page = otto.get(address)
    assert "hx-post" not in page.text
    assert page.context["form"]["text"].field.disabled
    assert not rosa.get(address).context["form"]["text"].field.disabled


def test_who_was_erased_is_not_called_disabled(world: World, otto: Client) -> None:
    User.objects.filter(pk=world.people["ada"].pk).update(is_active=False, email="usr-ada@erased.invalid")
    User.objects.filter(pk=world.people["bo"].pk).update(is_active=False)
    states = {person.pk: state for person, state in otto.get("/people/").context["rows"]}
    assert (states[world.people["ada"].pk], states[world.people["bo"].pk]) == ("erased", "disabled")


@pytest.mark.parametrize(
    ("asks_for", "said"),
    [("passkey", "Staff need a passkey before"), ("any", "Staff need one before"), ("off", "")],
)
def test_the_second_factor_is_explained_as_the_portal_demands_it(
    open_as: OpenAs, settings: Any, asks_for: str, said: str
) -> None:
    settings.STAFF_MFA = asks_for
    page = open_as("ada").get(reverse("mfa_index")).text
    assert "Second factor" in page
    assert said in page
    assert ("Staff need" in page) == bool(said)
