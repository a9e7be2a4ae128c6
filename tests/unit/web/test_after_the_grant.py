"""What a request and the lists say once the grant that it gave is on hold or over."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from licenses import actions
from licenses.models import Grant
from tests.unit.web.conftest import OpenAs
from tests.unit.web.world import World
from weights_vault.models import Release

REASON = "Passed on to others."


@pytest.fixture
def ada(open_as: OpenAs) -> Client:
    return open_as("ada")


@pytest.fixture
def grant(world: World, big: Release) -> Grant:
    return world.signed("ada", big)


def brought_to(state: str, grant: Grant, world: World) -> Grant:
    """The grant in that state, by the real actions where there is one."""
    match state:
        case "suspended":
            return actions.suspend(grant=grant, reason=REASON, by=world.by("rosa"), now=world.now)
        case "revoked":
            return actions.revoke(grant=grant, reason=REASON, by=world.by("rosa"), now=world.now)
        case "closed":
            actions.close_out(
                grant=grant,
                copies=2,
                method="Shredded the disks.",
                destroyed_on=world.now.date(),
                typed_name="Ada Lindqvist",
                by=world.by("ada"),
                now=world.now,
            )
        case "expired":
            Grant.objects.filter(pk=grant.pk).update(starts_at=world.ago(400), ends_at=world.ago(35))
    grant.refresh_from_db()
    return grant


@pytest.mark.parametrize(
    ("state", "title", "word"),
    [
        ("suspended", "Your access is on hold", "Grant suspended"),
        ("revoked", "Your access was revoked", "Grant revoked"),
        ("closed", "Your access is closed out", "Grant closed out"),
        ("expired", "Your access has ended: renew it, or close it out", "Grant expired"),
    ],
)
def test_the_request_follows_its_grant(
    world: World, ada: Client, grant: Grant, state: str, title: str, word: str
) -> None:
    brought_to(state, grant, world)
    page = ada.get(f"/requests/{grant.request_id}/").content.decode()
    row = ada.get("/requests/").content.decode()

    assert title in page
    assert word in page
    assert "Download the weights" not in page
    assert f'href="/grants/{grant.pk}/"' in page
    assert title in row
    assert word in row
    assert ">My grants</a></td>" not in row


def test_a_live_grant_is_where_the_signed_request_leads(ada: Client, grant: Grant) -> None:
    page = ada.get(f"/requests/{grant.request_id}/").content.decode()
    row = ada.get("/requests/").content.decode()

    assert "Download the weights" in page
    assert f'href="/grants/{grant.pk}/">See the grant</a>' in page
    assert f'href="/grants/{grant.pk}/">See the grant</a>' in row


@pytest.mark.parametrize("state", ["suspended", "revoked"])
def test_the_reason_and_whom_to_write_to_stand_on_the_request(
    world: World, ada: Client, grant: Grant, state: str
) -> None:
    brought_to(state, grant, world)
    page = ada.get(f"/requests/{grant.request_id}/").content.decode()

    assert f'<p class="quote">{REASON}</p>' in page
    assert "If you think this is wrong, write to contact@localhost." in page


@pytest.mark.parametrize(
    ("state", "offered"), [("revoked", True), ("closed", True), ("suspended", False), ("expired", False)]
)
def test_asking_again_is_offered_where_the_rule_allows_it(
    world: World, ada: Client, grant: Grant, state: str, offered: bool
) -> None:
    brought_to(state, grant, world)
    page = ada.get(f"/requests/{grant.request_id}/").content.decode()

    assert ('href="/releases/opt-175b/request/">Ask again</a>' in page) == offered


def test_asking_again_is_not_offered_once_another_request_is_under_way(
    world: World, ada: Client, grant: Grant, big: Release
) -> None:
    brought_to("revoked", grant, world)
    world.submitted("ada", big, days_ago=0)

    assert "Ask again" not in ada.get(f"/requests/{grant.request_id}/").content.decode()


def test_a_closed_out_request_keeps_its_certificate(world: World, ada: Client, grant: Grant) -> None:
    brought_to("closed", grant, world)
    page = ada.get(f"/requests/{grant.request_id}/").content.decode()

    assert "What was signed about it stays under “Signed documents”." in page
    assert 'id="papers"' in page
    assert "ertificate" in page


def test_an_expired_one_offers_its_renewal(world: World, ada: Client, grant: Grant) -> None:
    brought_to("expired", grant, world)

    assert "Renew this access" in ada.get(f"/requests/{grant.request_id}/").content.decode()


def test_the_list_of_requests_asks_as_much_for_three_as_for_one(
    world: World, ada: Client, big: Release, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    grant = world.signed("ada", big, days_ago=9)
    with CaptureQueriesContext(connection) as seen:
        ada.get("/requests/")
    for days_ago in (6, 3):
        actions.revoke(grant=grant, reason=REASON, by=world.by("rosa"), now=world.ago(days_ago + 1))
        grant = world.signed("ada", big, days_ago=days_ago)

    with django_assert_num_queries(len(seen)):
        page = ada.get("/requests/").content.decode()
    assert page.count("Grant revoked") == 2


@pytest.mark.parametrize("state", ["revoked", "closed"])
def test_what_is_over_shows_when_it_ended_and_no_later_end(
    world: World, open_as: OpenAs, grant: Grant, state: str
) -> None:
    grant = brought_to(state, grant, world)
    rosa = open_as("rosa")
    lists = [open_as("ada").get("/grants/"), rosa.get("/review/grants/")]
    together = rosa.get(f"/review/grants/together/?grant={grant.pk}").content.decode()
    ended = f"{world.now.day} {world.now:%b %Y}"

    assert f"{grant.ends_at:%Y-%m-%d}" not in together
    for answer in lists:
        page = answer.content.decode()
        assert "Ended <time" in page
        assert f">{ended}</time>" in page
        assert f"{grant.ends_at:%Y-%m-%d}" not in page


def test_what_was_revoked_together_has_ended(rosa: Client, grant: Grant) -> None:
    said = {"grant": grant.pk, "verb": "revoke", "reason": REASON}
    page = rosa.post("/review/grants/together/", said, follow=True).content.decode()

    assert "Ended <time" in page
    assert f"{grant.ends_at:%Y-%m-%d}" not in page


def test_what_expired_shows_its_end(world: World, open_as: OpenAs, grant: Grant) -> None:
    grant = brought_to("expired", grant, world)
    page = open_as("ada").get("/grants/").content.decode()

    assert "Ended <time" in page
    assert f"{grant.ends_at:%Y-%m-%d}" in page


def test_a_live_grant_shows_its_end_and_the_license_to_accept(
    ada: Client, world: World, grant: Grant
) -> None:
    due = world.now + timedelta(days=14)
    Grant.objects.filter(pk=grant.pk).update(reaccept_by=due)
    page = ada.get("/grants/").content.decode()

    assert f"{grant.ends_at:%Y-%m-%d}" in page
    assert "Accept the new license by <time" in page
    assert f">{due.day} {due:%b %Y}</time>" in page


def test_a_suspended_holder_reads_the_reason_once_and_no_button_stands_out(
    world: World, ada: Client, grant: Grant
) -> None:
    brought_to("suspended", grant, world)
    with time_machine.travel(grant.ends_at - timedelta(days=20), tick=False):
        # By then the sessions of today have ended.
        ada.force_login(world.people["ada"])
        page = ada.get(f"/grants/{grant.pk}/").content.decode()

    assert page.count(REASON) == 1
    assert '<button class="button button-wide button-quiet" type="submit">Renew this access' in page


def test_after_signing_the_one_grant_is_shown(world: World, open_as: OpenAs, big: Release) -> None:
    request = world.approved("ada", big)
    assert request.license_version is not None
    answer = open_as("ada").post(
        f"/requests/{request.pk}/sign/",
        {
            "typed_name": "Ada Lindqvist",
            "license_sha256": request.license_version.sha256,
            "license_read": "on",
            "agreed": "on",
        },
    )

    assert answer["Location"] == f"/grants/{Grant.objects.get().pk}/"


def test_the_last_day_stands_in_the_form_and_saved_as_it_is_changes_nothing(
    world: World, rosa: Client, grant: Grant
) -> None:
    address = f"/review/grants/{grant.pk}/"
    last_day = f"{grant.ends_at:%Y-%m-%d}"

    assert f'name="ends_at" value="{last_day}"' in rosa.get(address).content.decode()
    answer = rosa.post(address, {"verb": "extend", "ends_at": last_day, "reason": "As it is."})

    assert answer.status_code == 400
    assert "The grant ends then already." in answer.content.decode()
    ends_at = grant.ends_at
    grant.refresh_from_db()
    assert grant.ends_at == ends_at


def test_an_end_at_midnight_has_the_day_before_as_its_last(world: World, rosa: Client, grant: Grant) -> None:
    midnight = grant.ends_at.replace(hour=0, minute=0, second=0, microsecond=0)
    Grant.objects.filter(pk=grant.pk).update(ends_at=midnight)
    page = rosa.get(f"/review/grants/{grant.pk}/").content.decode()

    assert f'name="ends_at" value="{midnight - timedelta(days=1):%Y-%m-%d}"' in page
