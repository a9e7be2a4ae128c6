"""All grants: who holds what; suspend, resume, revoke."""

import pytest
from django.test import Client

from licenses.models import Grant
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release


@pytest.fixture
def grant(world: World, big: Release) -> Grant:
    return world.signed("ada", big)


def test_the_list_tells_holder_release_state_and_end(rosa: Client, grant: Grant) -> None:
    page = rosa.get("/review/grants/").content.decode()

    assert "Ada Lindqvist" in page
    assert "OPT-175B" in page
    assert "Active" in page


@pytest.mark.parametrize(("state", "found"), [("active", True), ("revoked", False)])
def test_the_list_is_filtered_by_state(rosa: Client, grant: Grant, state: str, found: bool) -> None:
    assert ("Ada Lindqvist" in rosa.get(f"/review/grants/?state={state}").content.decode()) == found


def test_no_grants_lead_to_the_queue(rosa: Client) -> None:
    assert "Nobody holds a grant yet" in rosa.get("/review/grants/").content.decode()


def test_a_grant_is_suspended_with_a_reason_that_its_holder_sees(
    rosa: Client, open_as: OpenAs, grant: Grant
) -> None:
    rosa.post(f"/review/grants/{grant.pk}/", {"verb": "suspend", "reason": "We look into a report."})

    page = open_as("ada").get(f"/grants/{grant.pk}/").content.decode()
    assert "Suspended" in page
    assert "We look into a report." in page


def test_a_suspended_grant_can_be_resumed_or_revoked_and_not_suspended(rosa: Client, grant: Grant) -> None:
    rosa.post(f"/review/grants/{grant.pk}/", {"verb": "suspend", "reason": "x"})
    page = rosa.get(f"/review/grants/{grant.pk}/").content.decode()

    assert 'value="resume"' in page
    assert 'value="revoke"' in page
    assert 'value="suspend"' not in page


def test_a_change_without_a_reason_changes_nothing(rosa: Client, grant: Grant) -> None:
    answer = rosa.post(f"/review/grants/{grant.pk}/", {"verb": "revoke", "reason": ""})

    grant.refresh_from_db()
    assert answer.status_code == 400
    assert grant.state == "active"


def test_a_revoked_grant_offers_nothing_more(rosa: Client, grant: Grant) -> None:
    rosa.post(f"/review/grants/{grant.pk}/", {"verb": "revoke", "reason": "Passed on to others."})
    page = rosa.get(f"/review/grants/{grant.pk}/").content.decode()

    assert "This state is final" in page
    assert "Passed on to others." in page
