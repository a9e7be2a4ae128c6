"""Reminders to accept a newer license: 30, 7 and 1 days before, and on the day."""

from datetime import datetime

import pytest

from licenses import actions, states
from licenses.actions.reaccepting import want_reacceptance
from licenses.clock.reacceptance import remind_of_reacceptance
from licenses.models import Grant, LicenseVersion
from portal.core.models import OutboxMessage
from tests.unit.licenses.clock.mailbox import empty, mailed, text_of
from tests.unit.licenses.world import DAY, NOW, World

pytestmark = pytest.mark.database

DUE = NOW + 100 * DAY


@pytest.fixture
def grant(world: World) -> Grant:
    """Ada's, whose license must be accepted anew by DUE."""
    made = world.grant_in(states.ACTIVE)
    Grant.objects.filter(pk=made.pk).update(reaccept_by=DUE)
    empty()
    made.refresh_from_db()
    return made


def test_each_reminder_comes_on_its_day_once(grant: Grant) -> None:
    for day in range(40, -5, -1):
        remind_of_reacceptance(now=DUE - day * DAY)
        remind_of_reacceptance(now=DUE - day * DAY)
    assert [mail.subject for mail in OutboxMessage.objects.order_by("pk")] == [
        "Accept the new license for OPT-175B within 30 days",
        "Accept the new license for OPT-175B within 7 days",
        "Accept the new license for OPT-175B within 1 day",
        "Your access to OPT-175B waits for your acceptance",
    ]


def test_after_downtime_only_the_most_urgent(grant: Grant) -> None:
    assert remind_of_reacceptance(now=DUE + 20 * DAY) == 1
    assert remind_of_reacceptance(now=DUE + 30 * DAY) == 0
    assert "It had to be accepted by" in text_of("reacceptance_due")
    assert f"/grants/{grant.pk}/" in text_of("reacceptance_due")


@pytest.mark.parametrize(
    "changed",
    [{"reaccept_by": None}, {"ends_at": DUE - 20 * DAY}, {"state": states.REVOKED, "state_reason": "Why."}],
    ids=["accepted", "ended", "revoked"],
)
def test_where_nothing_is_due_nobody_is_told(grant: Grant, changed: dict[str, object]) -> None:
    Grant.objects.filter(pk=grant.pk).update(**changed)
    assert remind_of_reacceptance(now=DUE - 10 * DAY) == 0


@pytest.mark.parametrize(("asked", "told"), [(DUE - 20 * DAY, []), (DUE - 40 * DAY, ["ada"])])
def test_what_the_first_mail_of_it_said_is_not_said_again(
    world: World, asked: datetime, told: list[str]
) -> None:
    """Whoever is asked 20 days before hears of it then, and next 7 days before."""
    world.grant_in(states.ACTIVE)
    version = actions.publish_license_version(
        license=world.license.license,
        text="# License, second\n",
        effective_at=asked,
        by=world.rita,
        now=asked,
        reaccept_by=DUE,
    )
    want_reacceptance(version=version, now=asked)
    empty()
    remind_of_reacceptance(now=DUE - 19 * DAY)
    assert mailed("reacceptance_due") == told


@pytest.mark.parametrize(
    ("days", "reminded_after"), [(31, [24, 30, 31]), (30.5, [23.5, 29.5, 30.5]), (2, [1, 2])]
)
def test_no_reminder_follows_the_first_mail_on_its_heels(
    world: World, days: float, reminded_after: list[float]
) -> None:
    """Thirty days and some hours to accept: "within 30 days" would come hours after the mail that asked."""
    world.grant_in(states.ACTIVE)
    version = demanded(world, by=NOW + days * DAY)
    half_days = [half / 2 for half in range(70)]
    told = [after for after in half_days if remind_of_reacceptance(now=NOW + after * DAY)]
    assert told == reminded_after
    assert mailed("reacceptance_wanted") == ["ada"]
    assert version.number == 2


def test_a_reminder_says_from_when_the_version_counts(world: World) -> None:
    """It is published, and does not stand yet."""
    world.grant_in(states.ACTIVE)
    demanded(world, by=DUE, effective_at=NOW + 95 * DAY)
    empty()
    remind_of_reacceptance(now=DUE - 20 * DAY)
    assert "a new version, number 2, which counts from 23 Feb 2027" in text_of("reacceptance_due")


def demanded(world: World, *, by: datetime, effective_at: datetime = NOW) -> LicenseVersion:
    version = actions.publish_license_version(
        license=world.license.license,
        text="# License, second\n",
        effective_at=effective_at,
        by=world.rita,
        now=NOW,
        reaccept_by=by,
    )
    want_reacceptance(version=version, now=NOW)
    return version
