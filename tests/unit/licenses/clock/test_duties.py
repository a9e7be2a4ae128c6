"""The duties as jobs: each on the schedule, one that fails delays no other."""

import pytest

from licenses import states
from portal.core import jobs
from portal.core.models import Job
from tests.unit.licenses.clock.mailbox import mailed
from tests.unit.licenses.world import DAY, World

DUTIES = {
    "licenses.affiliations",
    "licenses.clock.record_ends",
    "licenses.clock.remind_of_ends",
    "licenses.clock.remind_of_reacceptance",
    "licenses.clock.remind_of_signatures",
    "licenses.clock.remind_reviewers",
    "licenses.clock.want_of_all",
    "licenses.lapse",
}

pytestmark = pytest.mark.database


def test_each_duty_is_a_job_of_its_own_and_comes_again(world: World) -> None:
    grant = world.grant_in(states.ACTIVE)
    at = grant.ends_at - 30 * DAY
    jobs.arm_schedule(at)
    Job.objects.exclude(kind__in=DUTIES).delete()
    jobs.run_due(worker="w", now=at)
    done = Job.objects.filter(kind__in=DUTIES, state="ready", last_error="", run_at__gt=at)
    assert set(done.values_list("kind", flat=True)) == DUTIES
    assert mailed("grant_ends") == ["ada"]


def test_one_that_fails_says_so_and_the_others_are_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = world.grant_in(states.ACTIVE)
    jobs.arm_schedule(grant.ends_at)
    Job.objects.exclude(kind__in=DUTIES).delete()

    def broken(**kwargs: object) -> None:
        raise ValueError("this mail cannot be written")

    monkeypatch.setattr("licenses.notices.queue_mail", broken)
    jobs.run_due(worker="w", now=grant.ends_at)
    failed = Job.objects.exclude(last_error="")
    assert set(failed.values_list("kind", flat=True)) == {"licenses.clock.record_ends"}
    grant.refresh_from_db()
    assert grant.expired_at is None
    monkeypatch.undo()
    jobs.run_due(worker="w", now=grant.ends_at + DAY)
    assert not Job.objects.exclude(last_error="").exists()
    assert mailed("grant_expired") == ["ada"]
