"""The hourly ceiling: exact over restarts and over processes, and said once an hour."""

import multiprocessing
import runpy
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.accounts.models import RoleGrant, User
from portal.accounts.principals import Principal
from portal.core.models import OutboxMessage
from portal.core.problems import NotPermitted
from portal.core.verdicts import Denied
from portal.settings import base
from tests.unit.vault.fakes import GRANT, FakePolicy
from weights_vault import keeper
from weights_vault.guard import ceiling
from weights_vault.guard.ceiling import CeilingReached
from weights_vault.ledger import watch
from weights_vault.models import Alert, LedgerEntry, RecipientKey, Revision

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _state(settings: Any, tmp_path: Path) -> None:
    settings.KEEPER_STATE = str(tmp_path / "keeper")
    settings.HEADERS_PER_HOUR = 100


def take(count: int, now: datetime) -> None:
    with ceiling.places(count, now):
        pass


def test_up_to_the_ceiling_and_not_one_more(now: datetime) -> None:
    take(60, now)
    take(40, now + MINUTE)
    with pytest.raises(CeilingReached) as caught:
        take(1, now + MINUTE)
    assert (caught.value.code, caught.value.status, caught.value.made) == ("keeper_ceiling", 503, 100)


def test_room_comes_back_when_it_is_said_to(now: datetime) -> None:
    take(60, now)
    take(40, now + 30 * MINUTE)
    with pytest.raises(CeilingReached) as caught:
        take(50, now + 31 * MINUTE)
    wait = timedelta(seconds=caught.value.retry_after_s)
    with pytest.raises(CeilingReached):
        take(50, now + 31 * MINUTE + wait - MINUTE)
    take(50, now + 31 * MINUTE + wait)
    assert made_within_an_hour(now + 31 * MINUTE + wait) == 90


def test_headers_that_were_not_made_give_their_places_back(now: datetime) -> None:
    with pytest.raises(OSError, match="no"), ceiling.places(100, now):
        raise OSError("no")
    take(100, now)


def test_killed_between_taking_and_making_the_place_stays_taken(now: datetime) -> None:
    """The count may say too much, never too little."""
    with pytest.raises(KeyboardInterrupt), ceiling.places(100, now):
        raise KeyboardInterrupt
    with pytest.raises(CeilingReached):
        take(1, now)


def test_clock_that_is_set_back_makes_no_room(now: datetime) -> None:
    take(100, now)
    with pytest.raises(CeilingReached):
        take(1, now - 3 * 60 * MINUTE)


def test_what_is_made_after_the_clock_was_set_back_counts(now: datetime) -> None:
    """The file keeps the newest minutes: what is made in older ones would be forgotten."""
    for minute in range(60):
        take(1, now + minute * MINUTE)
    take(40, now - 24 * 60 * MINUTE)
    with pytest.raises(CeilingReached):
        take(1, now - 24 * 60 * MINUTE)
    with pytest.raises(OSError, match="no"), ceiling.places(40, now + 100 * MINUTE):
        raise OSError("no")
    take(41, now + 100 * MINUTE)


def made_within_an_hour(now: datetime) -> int:
    with ceiling._slots() as slots:
        return sum(ceiling._current(slots, int(now.timestamp()) // 60).values())


def _take_many(folder: str, now: datetime, times: int) -> int:
    from django.conf import settings

    settings.KEEPER_STATE, settings.HEADERS_PER_HOUR = folder, 1000
    taken = 0
    for _ in range(times):
        try:
            take(3, now)
        except CeilingReached:
            continue
        taken += 3
    return taken


def test_exact_over_several_processes(settings: Any, now: datetime) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        taken = pool.starmap(_take_many, [(settings.KEEPER_STATE, now, 150)] * 4)
    settings.HEADERS_PER_HOUR = 1000
    assert sum(taken) == made_within_an_hour(now) == 999


def test_without_a_ceiling_nothing_is_counted(settings: Any, now: datetime) -> None:
    settings.HEADERS_PER_HOUR = 0
    take(10_000, now)
    assert not Path(settings.KEEPER_STATE).exists()


@pytest.fixture
def issue(session: Principal, revision: Revision, key: RecipientKey, now: datetime) -> Callable[..., Any]:
    def issue_it(at: datetime = now) -> Any:
        files = list(revision.files.all())
        return keeper.issue_headers(by=session, grant=GRANT, revision=revision, key=key, files=files, now=at)

    return issue_it


@pytest.mark.django_db
@pytest.mark.database
def test_keeper_stops_at_the_ceiling_and_says_so_once_an_hour(
    issue: Callable[..., Any],
    revision: Revision,
    settings: Any,
    now: datetime,
    make_person: Callable[[str], User],
) -> None:
    manager = make_person("mia@example.org")
    RoleGrant.objects.create(user=manager, role="release_manager", by="system:test", at=now)
    settings.HEADERS_PER_HOUR = revision.files.count()
    issue()
    for second in range(3):
        with pytest.raises(CeilingReached):
            issue(now + timedelta(seconds=second))
    assert LedgerEntry.objects.filter(kind="headers").count() == 1
    (alert,) = Alert.objects.all()
    assert (alert.rule, alert.measured) == ("keeper_ceiling", revision.files.count())
    watch.tell({"raised_at": alert.raised_at.isoformat()}, now=now)
    assert OutboxMessage.objects.filter(to=manager.email).count() == 1
    issue(now + timedelta(hours=1))
    with pytest.raises(CeilingReached):
        issue(now + timedelta(hours=1))
    assert Alert.objects.count() == 2


@pytest.mark.django_db
def test_whoever_is_refused_takes_no_place(issue: Callable[..., Any], now: datetime) -> None:
    FakePolicy.refusal = Denied("grant_revoked", "Your grant was revoked.", "Write to us.")
    with pytest.raises(NotPermitted):
        issue()
    assert made_within_an_hour(now) == 0


def test_there_is_a_ceiling_where_nobody_set_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADERS_PER_HOUR", raising=False)
    assert runpy.run_path(base.__file__)["HEADERS_PER_HOUR"] == 20_000


def test_ceiling_that_no_batch_fits_under_is_refused_at_the_start(settings: Any) -> None:
    settings.HEADERS_PER_HOUR = 499
    with pytest.raises(CommandError, match="HEADERS_PER_HOUR must be 0 or at least 500"):
        call_command("keeper", stdout=StringIO())
