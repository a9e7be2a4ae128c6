"""Jobs: written with their change, taken once, retried with backoff, taken over when a worker dies."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from portal.core import jobs
from portal.core.models import Job

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
KIND = "test.work"


class Work:
    """A handler that notes its calls and fails as often as it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, Any], datetime]] = []
        self.failures: list[Exception] = []
        self.before_return: Callable[[], None] = lambda: None

    def __call__(self, payload: dict[str, Any], now: datetime) -> None:
        self.calls.append((payload, now))
        if self.failures:
            raise self.failures.pop(0)
        self.before_return()


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """The only registered handler: lease 60 s, three attempts."""
    work = Work()
    monkeypatch.setattr(jobs, "_handlers", {KIND: jobs.Handler(work, 60, 3)})
    monkeypatch.setattr(jobs, "_schedule", {})
    return work


def run(now: datetime, limit: int = 50) -> int:
    return jobs.run_due(worker="w1", now=now, limit=limit)


def add(**fields: Any) -> Job:
    return jobs.enqueue(KIND, {"n": 1}, run_at=NOW, **fields)


@pytest.mark.database
@pytest.mark.django_db
def test_due_job_is_done_once(work: Work) -> None:
    job = add()
    assert run(NOW) == 1
    assert run(NOW + timedelta(days=1)) == 0
    assert [payload for payload, _ in work.calls] == [{"n": 1}]
    job.refresh_from_db()
    assert (job.state, job.lease_owner, job.lease_until, job.attempts) == ("done", "", None, 1)
    assert job.finished_at is not None


@pytest.mark.django_db
def test_job_waits_for_its_time(work: Work) -> None:
    jobs.enqueue(KIND, {}, run_at=NOW + timedelta(seconds=10))
    assert run(NOW + timedelta(seconds=9)) == 0
    assert run(NOW + timedelta(seconds=11)) == 1


@pytest.mark.database
@pytest.mark.django_db
def test_one_key_is_one_job_also_when_it_is_done(work: Work) -> None:
    first = add(key="k")
    assert add(key="k") == first
    run(NOW)
    assert add(key="k") == first
    assert run(NOW) == 0
    assert len(work.calls) == 1


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_job_of_an_undone_transaction_was_never_there(work: Work) -> None:
    with transaction.atomic():
        add()
        transaction.set_rollback(True)
    assert not Job.objects.exists()


@pytest.mark.database
@pytest.mark.django_db
def test_failed_job_is_tried_again_later_and_then_given_up(work: Work) -> None:
    job = add()
    work.failures = [ValueError("one"), ValueError("two"), ValueError("three")]
    now = NOW
    for attempt in (1, 2):
        assert run(now) == 1
        job.refresh_from_db()
        assert (job.state, job.attempts) == ("ready", attempt)
        assert job.run_at > now
        assert run(now) == 0
        now = job.run_at
    assert run(now) == 1
    job.refresh_from_db()
    assert (job.state, job.last_error) == ("failed", "ValueError: three")
    assert run(now + timedelta(days=9)) == 0


@pytest.mark.django_db
def test_one_failing_job_does_not_keep_the_next_from_being_done(work: Work) -> None:
    add()
    add()
    work.failures = [ValueError("first")]
    assert run(NOW) == 2
    assert sorted(Job.objects.values_list("state", flat=True)) == ["done", "ready"]


@pytest.mark.django_db
def test_g8_error_of_a_job_is_kept_without_its_secrets(work: Work) -> None:
    job = add()
    work.failures = [ValueError("GET https://h/d?key=d1&signature=0badc0de failed")]
    run(NOW)
    job.refresh_from_db()
    assert job.last_error == "ValueError: GET https://h/d?key=d1[redacted] failed"


def test_backoff_doubles_up_to_an_hour_with_jitter() -> None:
    for attempts, middle_s in ((1, 5), (2, 10), (4, 40), (30, 3600)):
        waits = [jobs.backoff(attempts).total_seconds() for _ in range(50)]
        assert all(middle_s * 0.5 <= wait <= middle_s * 1.5 for wait in waits)
        assert len(set(waits)) > 1


@pytest.mark.database
@pytest.mark.django_db
def test_j1_job_of_a_dead_worker_is_taken_when_its_lease_is_over(work: Work) -> None:
    job = add()
    Job.objects.update(
        state="running", attempts=1, lease_owner="dead", lease_until=NOW + timedelta(seconds=60)
    )
    assert run(NOW + timedelta(seconds=59)) == 0
    assert run(NOW + timedelta(seconds=61)) == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("done", 2)


@pytest.mark.django_db
def test_job_that_kills_each_worker_is_given_up(work: Work) -> None:
    job = add()
    Job.objects.update(state="running", attempts=3, lease_owner="dead", lease_until=NOW)
    assert run(NOW + timedelta(seconds=1)) == 1
    job.refresh_from_db()
    assert (job.state, job.last_error) == ("failed", "its worker died or hung each time")
    assert work.calls == []


@pytest.mark.django_db
def test_outcome_of_an_outlived_lease_is_left_to_the_new_holder(work: Work) -> None:
    job = add()
    taken = {"attempts": 2, "lease_owner": "other", "lease_until": NOW + timedelta(hours=1)}
    work.before_return = lambda: Job.objects.update(**taken) and None
    run(NOW)
    job.refresh_from_db()
    assert (job.state, job.lease_owner) == ("running", "other")


@pytest.mark.django_db
def test_job_without_a_handler_here_is_left_to_a_worker_that_has_one(work: Work) -> None:
    job = jobs.enqueue("test.unknown", {}, run_at=NOW)
    assert run(NOW) == 0
    job.refresh_from_db()
    assert job.state == "ready"


@pytest.mark.database
@pytest.mark.django_db
def test_periodic_job_is_armed_once_and_catches_up_once(work: Work) -> None:
    jobs.periodic(KIND, 60)
    for _ in range(3):
        jobs.arm_schedule(NOW)
    assert run(NOW) == 1
    assert run(NOW + timedelta(seconds=59)) == 0
    assert run(NOW + timedelta(days=3)) == 1
    assert run(NOW + timedelta(days=3, seconds=59)) == 0
    assert run(NOW + timedelta(days=3, seconds=62)) == 1
    assert Job.objects.count() == 1


@pytest.mark.django_db
def test_failing_periodic_job_goes_on_forever(work: Work) -> None:
    jobs.periodic(KIND, 3600)
    jobs.arm_schedule(NOW)
    work.failures = [ValueError("x")] * 5
    for hour in range(5):
        assert run(NOW + timedelta(hours=2 * hour)) == 1
    job = Job.objects.get()
    assert (job.state, job.last_error) == ("ready", "ValueError: x")
    assert job.run_at < NOW + timedelta(hours=8, seconds=301)
    run(job.run_at)
    job.refresh_from_db()
    assert job.last_error == ""


@pytest.mark.django_db
def test_changed_interval_is_followed(work: Work) -> None:
    jobs.periodic(KIND, 3600)
    jobs.arm_schedule(NOW)
    run(NOW)
    jobs.periodic(KIND, 10)
    jobs.arm_schedule(NOW)
    assert run(NOW) == 1
    assert Job.objects.get().every_s == 10


@pytest.mark.django_db
def test_batch_ends_at_its_limit(work: Work) -> None:
    for _ in range(5):
        add()
    assert run(NOW, limit=3) == 3
    assert run(NOW) == 2


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_j1_many_workers_at_once_do_each_job_once(work: Work) -> None:
    for _ in range(20):
        add()
    ready = threading.Barrier(6)

    def worker(name: str) -> None:
        ready.wait()
        jobs.run_due(worker=name, now=NOW)
        connection.close()

    threads = [threading.Thread(target=worker, args=(f"w{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(work.calls) == 20
    assert set(Job.objects.values_list("state", "attempts")) == {("done", 1)}


@pytest.mark.django_db(transaction=True)
def test_many_jobs_in_a_transaction_send_one_message(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("portal.core.tasks.wake.apply_async", lambda **options: sent.append(options))
    with transaction.atomic():
        for _ in range(5):
            add()
        assert sent == []
    assert len(sent) == 1
    with transaction.atomic():
        add()
    assert len(sent) == 2


@pytest.mark.django_db(transaction=True)
def test_j1_broker_out_of_reach_loses_nothing(
    work: Work, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**options: Any) -> None:
        raise ConnectionRefusedError("no broker")

    monkeypatch.setattr("portal.core.tasks.wake.apply_async", refuse)
    with transaction.atomic():
        add()
    assert "the broker is out of reach" in caplog.text
    assert run(NOW) == 1


def test_second_handler_for_a_kind_is_a_mistake_of_ours(work: Work) -> None:
    with pytest.raises(RuntimeError, match="two handlers"):
        jobs.handler(KIND)(lambda payload, now: None)


@pytest.mark.database
@pytest.mark.django_db
def test_long_work_that_keeps_its_lease_is_not_taken_by_another(work: Work) -> None:
    """A lease of a minute, kept after most of it: a second worker finds nothing to take."""
    job = add()

    def work_long() -> None:
        Job.objects.filter(pk=job.pk).update(lease_until=NOW + timedelta(seconds=1))
        jobs.keep_lease()
        assert jobs.run_due(worker="w2", now=NOW + timedelta(seconds=50)) == 0

    work.before_return = work_long
    assert run(NOW) == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("done", 1)


@pytest.mark.database
@pytest.mark.django_db
def test_work_that_lost_its_lease_stops_and_leaves_the_outcome_to_who_has_it(work: Work) -> None:
    job = add()
    after: list[str] = []

    def lose() -> None:
        Job.objects.filter(pk=job.pk).update(attempts=2, lease_owner="w2")
        jobs.keep_lease()
        after.append("went on")

    work.before_return = lose
    run(NOW)
    job.refresh_from_db()
    assert (after, job.state, job.lease_owner) == ([], "running", "w2")


def test_outside_of_a_job_there_is_no_lease_to_keep() -> None:
    jobs.keep_lease()
    assert jobs._held.get() is None
