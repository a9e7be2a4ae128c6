"""Many write at once, some late, some not at all, and two sequencers work: each event gets one place."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from django.db import connection, transaction

from portal.core import audit
from portal.core.log import sequencer
from portal.core.log.files import LogFiles
from portal.core.log.verify import verify
from portal.core.models import AuditEvent, LogEntry, LogPending
from tests.unit.core.log.world import NOW, record, sign

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

WRITERS, EACH = 6, 40


def on_its_own_connection(work: Callable[[], int]) -> int:
    try:
        return work()
    finally:
        connection.close()


def write_some(seed: int) -> int:
    """Transactions of one to three events, a third of them rolled back. Returns: how many events stay."""
    chance, kept = random.Random(seed), 0
    for number in range(EACH):
        count = chance.randint(1, 3)
        with transaction.atomic():
            for _ in range(count):
                audit.record("a.b", by="usr_a", subject=f"x:{seed}", now=NOW, n=number)
            if chance.random() < 1 / 3:
                transaction.set_rollback(True)
                count = 0
        kept += count
    return kept


def place_until(done: Event) -> int:
    placed = 0
    while not done.wait(0.02):
        placed += sequencer.place_batch(7)
    return placed


def test_every_committed_event_gets_exactly_one_place(tmp_path: Path) -> None:
    done = Event()
    with ThreadPoolExecutor(WRITERS + 2) as pool:
        placing = [pool.submit(on_its_own_connection, lambda: place_until(done)) for _ in range(2)]
        writing = [
            pool.submit(on_its_own_connection, lambda seed=seed: write_some(seed))  # type: ignore[misc]
            for seed in range(WRITERS)
        ]
        written = sum(each.result() for each in writing)
        done.set()
        placed = sum(each.result() for each in placing) + sequencer.catch_up()
    assert written == placed == AuditEvent.objects.count()
    assert list(LogEntry.objects.values_list("position", flat=True)) == list(range(written))
    events = set(AuditEvent.objects.values_list("index", flat=True))
    assert set(LogEntry.objects.values_list("event", flat=True)) == events
    assert not LogPending.objects.exists()
    files = LogFiles(tmp_path / "log")
    sign(files)
    assert verify(files).entries == written


@contextmanager
def uncommitted(pool: ThreadPoolExecutor) -> Iterator[int]:
    """An event whose transaction stays open on another connection until the block ends."""
    written, go_on = Event(), Event()
    number: list[int] = []

    def write() -> int:
        with transaction.atomic():
            number.append(audit.record("a.late", by="usr_a", subject="x:1", now=NOW).pk)
            written.set()
            assert go_on.wait(30)
        return 1

    late = pool.submit(on_its_own_connection, write)
    assert written.wait(30)
    try:
        yield number[0]
    finally:
        go_on.set()
        late.result()


def test_event_that_was_written_first_and_committed_last_is_not_lost() -> None:
    if connection.vendor == "sqlite":
        # It has one writer at a time: nobody can commit while another transaction has written.
        assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
        return
    with ThreadPoolExecutor(1) as pool, uncommitted(pool) as late:
        early = record().pk
        assert late < early
        assert sequencer.catch_up() == 1
    assert sequencer.catch_up() == 1
    assert list(LogEntry.objects.values_list("event", flat=True)) == [early, late]


def test_sequencer_waits_for_nobody_who_writes() -> None:
    if connection.vendor == "sqlite":
        assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
        return
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
    with ThreadPoolExecutor(1) as pool, uncommitted(pool):
        record()
        assert sequencer.catch_up() == 1
