"""Any schedule of runs, kills and moved ends: each notice of each end once, and never one that is due missed.

The model keeps, for each end that the grant had, what was told or passed over; the portal must agree.
"""

from datetime import datetime
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from licenses import actions, states
from licenses.clock.ends import record_ends, remind_of_ends
from licenses.models import Grant, Reminder
from portal.core.models import OutboxMessage
from tests.unit.licenses.world import DAY, NOW, World

DAYS = (60, 30, 7)

steps = st.one_of(
    st.tuples(st.just("run"), st.integers(0, 60)),
    st.tuples(st.just("killed"), st.integers(0, 60)),
    st.tuples(st.just("extend"), st.integers(1, 120)),
)


class Killed(BaseException):
    """As when the machine goes."""


class Model:
    """What should have been mailed of one grant: (days or "expired", end)."""

    def __init__(self, starts_at: datetime, ends_at: datetime) -> None:
        self.starts_at, self.ends_at = starts_at, ends_at
        self.mailed: list[tuple[int | str, datetime]] = []
        self.passed: set[tuple[int | str, datetime]] = set()
        self.expired = False

    def run(self, now: datetime) -> None:
        due = [days for days in DAYS if self.starts_at < self.ends_at - days * DAY <= now]
        if now < self.ends_at and due and (due[-1], self.ends_at) not in self.passed:
            self.mailed.append((due[-1], self.ends_at))
            self.passed |= {(days, self.ends_at) for days in due}
        if now >= self.ends_at and not self.expired:
            self.mailed.append(("expired", self.ends_at))
            self.expired = True

    def extend(self, ends_at: datetime) -> None:
        self.ends_at, self.expired = ends_at, False


def mailed() -> list[tuple[int | str, datetime]]:
    """What was, read back from the reminders and the mails."""
    told: list[tuple[int | str, datetime]] = []
    for mail in OutboxMessage.objects.filter(template__contains="grant_e").order_by("pk"):
        if mail.template.endswith("grant_ends"):
            reminder = Reminder.objects.get(pk=str(mail.key).split(":")[2])
            kind, _, day = reminder.kind.partition(":")
            end = datetime.fromisoformat(f"{day}T12:00:00+00:00")
            told.append((int(kind.rpartition("_")[2]), end))
        elif mail.template.endswith("grant_expired"):
            told.append(
                ("expired", datetime.strptime(f"{_day(mail.text)} +0000", "%d %b %Y at %H:%M UTC %z"))
            )
    return told


def _day(text: str) -> str:
    return text.partition("ended on ")[2].partition(". ")[0]


@pytest.mark.django_db
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(schedule=st.lists(steps, max_size=12))
def test_every_notice_of_every_end_once_whatever_happens(
    schedule: list[tuple[str, int]], world: World
) -> None:
    Grant.objects.all().delete()
    Reminder.objects.all().delete()
    grant = given_for_a_year(world)
    model, now = Model(grant.starts_at, grant.ends_at), NOW + 250 * DAY
    for step, days in schedule:
        now += (days if step != "extend" else 0) * DAY
        match step:
            case "run":
                remind_of_ends(now=now)
                record_ends(now=now)
                model.run(now)
            case "killed":
                killed_run(now)
            case "extend":
                ends_at = now + days * DAY
                if ends_at != model.ends_at:
                    actions.extend(grant=grant, ends_at=ends_at, reason="Why.", by=world.rita, now=now)
                    model.extend(ends_at)
    remind_of_ends(now=now)
    record_ends(now=now)
    model.run(now)
    assert mailed() == model.mailed


def given_for_a_year(world: World) -> Grant:
    """Ada's grant, and no mail of what came before."""
    OutboxMessage.objects.all().delete()
    request = world.request_in(states.APPROVED)
    [grant] = world.sign(request)
    OutboxMessage.objects.all().delete()
    return grant


def killed_run(now: datetime) -> None:
    """A run that dies where it would queue its first mail."""
    with patch("licenses.notices.queue_mail", side_effect=Killed):
        try:
            remind_of_ends(now=now)
            record_ends(now=now)
        except Killed:
            return
