"""Where somebody stands who waits: by when, what they can do about it, and how access is carried on."""

from datetime import timedelta

import pytest

from licenses import actions
from licenses.models import Grant, Request
from tests.unit.web.conftest import OpenAs
from tests.unit.web.test_requests import filled
from tests.unit.web.world import World
from weights_vault.models import Release


def test_the_page_says_by_when_an_answer_is_due(open_as: OpenAs, submitted: Request) -> None:
    assert submitted.submitted_at is not None
    due = submitted.submitted_at + timedelta(days=5)
    page = open_as("ada").get(f"/requests/{submitted.pk}/").content.decode()

    assert "An answer is due by" in page
    assert f'If nothing is decided by <time datetime="{due.isoformat()}"' in page
    assert "Ask how it stands" not in page


def test_after_the_target_it_can_be_asked_once(world: World, open_as: OpenAs, big: Release) -> None:
    late = world.submitted("ada", big, days_ago=6)
    ada = open_as("ada")
    assert "Ask how it stands" in ada.get(f"/requests/{late.pk}/").content.decode()

    page = ada.post(f"/requests/{late.pk}/nudge/", follow=True).content.decode()

    assert "Who has your request gets mail." in page
    assert "Asked how it stands" in page
    assert "you can ask again from" in page
    assert ada.post(f"/requests/{late.pk}/nudge/").status_code == 409


def test_too_early_says_when(open_as: OpenAs, submitted: Request) -> None:
    answer = open_as("ada").post(f"/requests/{submitted.pk}/nudge/")

    assert answer.status_code == 409
    assert "too_early_to_nudge" in answer.content.decode()


def test_an_approved_request_says_by_when_to_sign(world: World, open_as: OpenAs, big: Release) -> None:
    approved = world.approved("ada", big)
    page = open_as("ada").get(f"/requests/{approved.pk}/").content.decode()

    assert "Sign by" in page


@pytest.fixture
def ending(world: World, big: Release) -> Grant:
    """A grant of Ada's that ends in 20 days."""
    grant = world.signed("ada", big)
    Grant.objects.filter(pk=grant.pk).update(ends_at=world.now + timedelta(days=20))
    grant.refresh_from_db()
    return grant


def test_a_grant_far_from_its_end_says_from_when_it_can_be_renewed(
    world: World, open_as: OpenAs, big: Release
) -> None:
    grant = world.signed("ada", big)
    page = open_as("ada").get(f"/grants/{grant.pk}/").content.decode()

    assert "You can renew from" in page
    assert "Renew this access" not in page


def test_a_renewal_asks_only_what_was_done(
    world: World, open_as: OpenAs, big: Release, ending: Grant
) -> None:
    ada = open_as("ada")
    for address in (f"/grants/{ending.pk}/", f"/requests/{ending.request_id}/"):
        assert "Renew this access" in ada.get(address).content.decode()

    form = ada.post(f"/grants/{ending.pk}/renew/", {"key": "k"}, follow=True)
    page = form.content.decode()
    renewal = Request.objects.get(renews=ending.request)

    assert "What did you do with the weights so far?" in page
    assert "Your answers, carried over" in page
    assert "training instabilities" in page
    edit = f"/requests/{renewal.pk}/edit/"
    missing = ada.post(edit, filled(big, seen=form.context["seen"]))
    assert missing.status_code == 400
    assert "Say in a few sentences" in missing.content.decode()
    ada.post(edit, filled(big, seen=form.context["seen"], summary_of_use="<script>alert('x')</script>"))
    sent = ada.get(f"/requests/{renewal.pk}/").content.decode()
    assert "What you did with the weights so far" in sent
    assert "<script>alert" not in sent
    assert f"/requests/{ending.request_id}/" in sent


def test_the_button_pressed_twice_begins_one_renewal(open_as: OpenAs, ending: Grant) -> None:
    """R1."""
    for _ in range(2):
        open_as("ada").post(f"/grants/{ending.pk}/renew/", {"key": "k"})

    assert Request.objects.filter(renews=ending.request).count() == 1
    assert "Your renewal is under way." in open_as("ada").get(f"/grants/{ending.pk}/").content.decode()


def test_a_renewal_that_was_withdrawn_can_be_begun_again(
    world: World, open_as: OpenAs, ending: Grant
) -> None:
    made = actions.renew(request=ending.request, by=world.by("ada"), now=world.now)
    actions.withdraw(request=made, by=world.by("ada"), now=world.now)

    assert "Renew this access" in open_as("ada").get(f"/grants/{ending.pk}/").content.decode()


def test_a_signed_request_says_until_when_it_gives_access(open_as: OpenAs, ending: Grant) -> None:
    page = open_as("ada").get(f"/requests/{ending.request_id}/").content.decode()

    assert "Access ends on" in page
