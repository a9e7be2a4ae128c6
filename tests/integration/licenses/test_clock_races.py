"""Two workers who do the same duty at the same moment: what is due is told once, and everything is told."""

from functools import partial

import pytest

from licenses import states
from licenses.clock.ends import record_ends, remind_of_ends
from licenses.clock.reviews import remind_reviewers
from licenses.models import Grant, Reminder
from portal.core.models import AuditEvent, OutboxMessage
from tests.integration.licenses.crowd import applicant_of, applicants, submitted
from tests.integration.licenses.race import codes, crew
from tests.unit.licenses.world import DAY, NOW, World

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

GRANTS = 12
WORKERS = 3


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


def mails(notice: str) -> int:
    return OutboxMessage.objects.filter(template__endswith=f"/{notice}").count()


def test_notices_and_ends_are_told_once_by_several_workers(world: World) -> None:
    for request in submitted(world, applicants(GRANTS)):
        Grant.objects.create(
            request=request,
            user=applicant_of(request).person,
            release=world.release,
            license_version=world.license,
            state=states.ACTIVE,
            state_at=NOW,
            starts_at=NOW,
            ends_at=NOW + 100 * DAY,
        )
    with crew(WORKERS) as race:
        for before in (60, 30, 7):
            now = NOW + (100 - before) * DAY
            assert codes(race.run(*[partial(remind_of_ends, now=now)] * WORKERS)) == []
        race.run(*[partial(record_ends, now=NOW + 100 * DAY)] * WORKERS)
    assert mails("grant_ends") == Reminder.objects.count() == 3 * GRANTS
    assert mails("grant_expired") == GRANTS
    assert AuditEvent.objects.filter(kind="grant.expired").count() == GRANTS


def test_reviewers_are_reminded_once_by_several_workers(world: World) -> None:
    submitted(world, applicants(GRANTS))
    with crew(WORKERS) as race:
        race.run(*[partial(remind_reviewers, now=NOW + 6 * DAY)] * WORKERS)
    reviewers = 3
    assert mails("review_late") == reviewers  # each one mail about all of them
    assert Reminder.objects.count() == GRANTS
