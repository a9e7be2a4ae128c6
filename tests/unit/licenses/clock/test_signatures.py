"""Approvals that wait for a signature: a word a week before they lapse, to whoever still has to sign."""

from datetime import timedelta
from typing import Any

import pytest

from licenses import actions, states
from licenses.clock.signatures import remind_of_signatures
from licenses.models import Party
from tests.unit.licenses.clock.mailbox import empty, mailed, text_of
from tests.unit.licenses.world import DAY, NOW, World

pytestmark = pytest.mark.database

A_WEEK_LEFT = NOW + 23 * DAY  # SIGN_WITHIN_DAYS is 30


def test_a_week_before_the_lapse_the_applicant_is_told_once(world: World) -> None:
    request = world.request_in(states.APPROVED)
    empty()
    assert remind_of_signatures(now=A_WEEK_LEFT - DAY / 86_400) == 0
    assert remind_of_signatures(now=A_WEEK_LEFT) == 1
    assert remind_of_signatures(now=A_WEEK_LEFT + DAY) == 0
    assert mailed("signature_due") == ["ada"]
    assert "7 days left" in text_of("signature_due")
    assert f"/requests/{request.pk}/sign/" in text_of("signature_due")


def test_after_downtime_the_days_that_are_left(world: World) -> None:
    world.request_in(states.APPROVED)
    remind_of_signatures(now=NOW + 29 * DAY + timedelta(hours=1))
    assert "1 day left" in text_of("signature_due")


def test_not_when_it_lapsed_already(world: World) -> None:
    world.request_in(states.APPROVED)
    assert remind_of_signatures(now=NOW + 30 * DAY) == 0
    actions.lapse(now=NOW + 30 * DAY)
    assert remind_of_signatures(now=NOW + 24 * DAY) == 0


@pytest.mark.parametrize("state", [states.SIGNED, states.WITHDRAWN, states.REJECTED])
def test_not_when_nobody_has_to_sign(world: World, state: str) -> None:
    world.request_in(state)
    empty()
    remind_of_signatures(now=A_WEEK_LEFT)
    assert mailed("signature_due") == []


def test_where_the_whole_time_is_short_not_before_half_of_it(world: World, settings: Any) -> None:
    settings.SIGN_WITHIN_DAYS = 4
    world.request_in(states.APPROVED)
    assert remind_of_signatures(now=NOW + DAY) == 0
    assert remind_of_signatures(now=NOW + 2 * DAY) == 1


def test_those_of_the_team_who_have_not_signed_are_told_at_their_invitation(world: World) -> None:
    request = world.request_in(states.SIGNED)
    waiting = Party.objects.create(
        request=request,
        role="signatory",
        email="dean@example.org",
        full_name="Dean Example",
        state_at=NOW,
        asked_at=NOW,
    )
    empty()
    assert remind_of_signatures(now=A_WEEK_LEFT) == 1
    assert mailed("signature_due") == ["dean"]
    assert f"/invitations/{waiting.pk}/" in text_of("signature_due")
