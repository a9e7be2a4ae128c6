"""manage.py scrub: what the store has of a revision, checked now or as last known; what the doctor says."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.core import jobs
from portal.core.doctor import Finding, examine
from tests.unit.vault.scrubbing import body_of, flip, place_of, store_that
from tests.unit.vault.test_recall_command import run as recall
from weights_vault.models import Release, Revision
from weights_vault.scrub.reading import unlimited
from weights_vault.scrub.rounds import SCRUB, sit
from weights_vault.storage.port import StorageError

pytestmark = pytest.mark.django_db

SHARD = "model-00001-of-00002.safetensors"


def run(*arguments: str) -> tuple[int, str]:
    """Exit status and output."""
    out = io.StringIO()
    try:
        call_command("scrub", *arguments, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def doctor(now: datetime) -> Finding:
    return dict(examine(now))["scrub"]


def failing(*args: Any) -> None:
    raise StorageError("the disk is on fire")


def line_of(path: str, said: str) -> str:
    return next(line for line in said.splitlines() if line.startswith(path))


def test_before_any_reading_it_says_so(revision: Revision) -> None:
    status, said = run("opt-small@v1")
    assert (status, said.count("not read yet")) == (0, revision.files.count())


def test_now_reads_everything_and_exits_0_when_it_is_sound(revision: Revision) -> None:
    status, said = run("opt-small@v1", "--now")
    assert status == 0
    assert said.startswith("opt-small@v1 (published)\n")
    assert "sound" in line_of(SHARD, said)
    assert f"{body_of(revision, SHARD).body_size:,}" in line_of(SHARD, said)
    assert run("opt-small")[1].count("sound") == revision.files.count()


def test_i6_the_way_through_a_repair(revision: Revision, store_root: Path, tmp_path: Path) -> None:
    place = place_of(body_of(revision, SHARD), store_root)
    copy = place.read_bytes()
    flip(body_of(revision, SHARD), store_root)
    status, said = run("opt-small@v1", "--now")
    assert status == 1
    assert "damaged: part 0 (counted from 0) of 1" in line_of(SHARD, said)
    revision.refresh_from_db()
    assert revision.state == "quarantined"
    with pytest.raises(CommandError, match="damage_open"):
        recall("restore", "opt-small@v1")
    place.write_bytes(copy)
    assert run("opt-small@v1")[0] == 1  # nobody has looked yet
    assert run("opt-small@v1", "--now")[0] == 0
    assert "opt-small@v1 is published." in recall("restore", "opt-small@v1")


def test_a_lost_object_is_named(revision: Revision, store_root: Path) -> None:
    place_of(body_of(revision, SHARD), store_root).unlink()
    status, said = run("opt-small", "--now")
    assert (status, line_of(SHARD, said).split()[-1]) == (1, "missing")


def test_i7_a_store_that_cannot_be_read_is_exit_2_and_recalls_nothing(revision: Revision) -> None:
    with store_that(size=failing), pytest.raises(CommandError, match="Nothing was recalled") as caught:
        run("opt-small@v1", "--now")
    revision.refresh_from_db()
    assert (caught.value.returncode, revision.state) == (2, "published")


@pytest.mark.parametrize("named", ["nothing", "opt-small@v9", "@", "opt-small@", ""])
def test_what_names_nothing_published_is_refused(revision: Revision, named: str) -> None:
    with pytest.raises(CommandError, match="Name it as"):
        run(named)


def test_doctor_tells_how_far_the_scrubber_is(revision: Revision, now: datetime) -> None:
    assert doctor(now) == Finding(True, "7 bodies, 7 never read")
    sit(now, unlimited())
    assert doctor(now).detail == "7 bodies, 0 never read, the longest unread was read 2026-11-20 12:00 UTC"


def test_doctor_with_nothing_published_is_content(release: Release, now: datetime) -> None:
    assert doctor(now).ok


def test_doctor_finds_what_is_overdue(revision: Revision, now: datetime, settings: Any) -> None:
    late = now + timedelta(days=settings.SCRUB_DAYS, seconds=1)
    assert doctor(late).detail == f"7 of 7 bodies unread for more than {settings.SCRUB_DAYS} days"
    sit(late, unlimited())
    assert doctor(late).ok


def test_doctor_names_damage_first(revision: Revision, store_root: Path, now: datetime) -> None:
    flip(body_of(revision, SHARD), store_root)
    sit(now, unlimited())
    found = doctor(now)
    assert (found.ok, found.detail) == (False, "1 of 7 bodies are damaged in the store")
    assert "manage.py scrub" in found.next_step


def test_doctor_tells_why_the_store_could_not_be_read(revision: Revision, now: datetime) -> None:
    jobs.arm_schedule(timezone.now())
    with store_that(read=failing):
        jobs.run_due(worker="test", now=timezone.now())
    found = doctor(now)
    assert not found.ok
    assert "1 bodies could not be read: StorageError: the disk is on fire" in found.detail


def test_doctor_minds_a_scrubber_that_is_off(revision: Revision, now: datetime, settings: Any) -> None:
    settings.SCRUB_BYTES_PER_S = 0
    assert "the scrubber is off" in doctor(now).detail


def test_the_job_goes_on_after_the_store_is_back(publish: Callable[..., Revision]) -> None:
    publish("v1")
    jobs.arm_schedule(timezone.now())
    with store_that(read=failing):
        jobs.run_due(worker="test", now=timezone.now())
    later = timezone.now() + timedelta(hours=1, minutes=1)
    jobs.run_due(worker="test", now=later)
    assert doctor(later).detail.startswith("7 bodies, 0 never read")
    assert jobs.Job.objects.get(key=f"periodic:{SCRUB}").last_error == ""
