"""manage.py doctor: one line a part, the next step where one is broken, exit 1 then."""

import os
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from portal.core import doctor
from portal.core.doctor import Finding
from portal.core.models import Heartbeat, Job, OutboxMessage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def finding(name: str) -> Finding:
    return dict(doctor.examine(NOW))[name]


@pytest.fixture
def healthy(settings: Any, tmp_path: Path) -> None:
    settings.STORAGE_URL = f"file://{tmp_path}/store"
    Heartbeat.objects.create(name="host", at=timezone.now())


def test_healthy_portal_is_ok_in_every_line(healthy: None) -> None:
    output = StringIO()
    call_command("doctor", stdout=output)
    lines = output.getvalue().splitlines()
    assert [line.split()[1] for line in lines] == list(doctor._examinations)
    assert {line.split()[0] for line in lines} == {"ok"}


def test_broken_part_shows_its_next_step_and_exits_1(healthy: None) -> None:
    Heartbeat.objects.all().delete()
    output = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("doctor", stdout=output)
    assert "failed  worker" in output.getvalue()
    assert "→ Start one: celery -A portal worker --beat" in output.getvalue()


def test_silent_worker_is_found() -> None:
    Heartbeat.objects.create(name="host", at=NOW - timedelta(seconds=61))
    assert finding("worker").detail == "no worker runs (last seen 2026-11-20 11:58:59 UTC)"
    Heartbeat.objects.update(at=NOW - timedelta(seconds=59))
    assert finding("worker").ok


def test_job_that_failed_for_good_is_found() -> None:
    Heartbeat.objects.create(name="host", at=NOW)
    Job.objects.create(kind="x", state="failed", run_at=NOW)
    assert finding("worker").detail == "1 jobs failed for good"


def test_periodic_job_that_failed_last_time_is_named() -> None:
    Heartbeat.objects.create(name="host", at=NOW)
    Job.objects.create(kind="licenses.clock", every_s=60, run_at=NOW, last_error="ValueError: no")
    assert finding("worker").detail == "licenses.clock failed when it last ran: ValueError: no"
    Job.objects.update(last_error="")
    assert finding("worker").ok


def test_waiting_mail_is_found() -> None:
    message = OutboxMessage.objects.create(
        to="a@b.org", template="t", subject="s", text="t", message_id="<1>"
    )
    OutboxMessage.objects.filter(pk=message.pk).update(created_at=NOW - timedelta(minutes=11))
    assert finding("mail").detail == "1 mails wait for more than 10 minutes"


def test_missing_key_is_found_by_its_setting(settings: Any) -> None:
    settings.MASTER_KEY = "env:WP_TEST_ABSENT"
    assert not finding("keys").ok
    assert "MASTER_KEY" in finding("keys").detail


def test_keeper_is_not_asked_for_what_serving_needs(settings: Any) -> None:
    settings.PROCESS = "keeper"
    settings.DELIVERY_KEYS = settings.AGREEMENT_KEY = ""
    assert {finding(name).detail for name in ("broker", "mail", "agreements")} == {doctor.ELSEWHERE}
    assert finding("keys").detail.startswith("master and signing keys are there")


@pytest.mark.parametrize(
    ("process", "can"), [("web", "read"), ("worker", "read"), ("keeper", "read and written")]
)
def test_who_publishes_alone_must_be_able_to_write_the_store(
    settings: Any, process: str, can: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PROCESS, settings.KEEPER = process, "unix:/run/nobody/listens"
    asked: list[int] = []
    monkeypatch.setattr(os, "access", lambda path, mode, **kwargs: not asked.append(mode))
    said = doctor._examinations["storage"](NOW).detail
    assert said == f"the store can be {can}; it holds nothing unknown"
    assert bool(asked[0] & os.W_OK) == (process == "keeper")


def test_apps_add_and_replace_examinations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_examinations", dict(doctor._examinations))
    doctor.examination("mail")(lambda now: Finding(False, "no server", "Start it."))
    assert finding("mail").detail == "no server"
    assert len(doctor.examine(NOW)) == len(doctor._examinations)


@pytest.mark.parametrize("url", ["redis://:secret@127.0.0.1:1/0", "amqp://user:secret@127.0.0.1:1//"])
def test_broker_that_is_away_is_a_line_of_the_report(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    from portal.celery import app

    monkeypatch.setattr(app.conf, "broker_url", url)
    found = finding("broker")
    assert not found.ok
    assert found.detail.startswith("127.0.0.1:1/")
    assert found.detail.endswith("does not answer")
