"""Places in the log: each event gets exactly one, in one order, whoever wrote it and however late."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from portal.core import audit
from portal.core.append_only import AUDIT_LOG, protect, unprotect
from portal.core.log import sequencer
from portal.core.log.entries import entries_of
from portal.core.log.stored import head_at, log_size, read_tile
from portal.core.models import AuditEvent, LogEntry, LogPending, LogTile
from tests.unit.core.log.world import run
from weights_vault.sealed.log.tree import HASH_SIZE, Frontier, leaf_hash

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def record(number: int = 0) -> AuditEvent:
    with transaction.atomic():
        return audit.record("request.submitted", by="usr_a", subject="request:req_a", now=NOW, n=number)


def in_bulk() -> None:
    AuditEvent.objects.bulk_create(
        AuditEvent(kind="a.b", by="usr_a", subject=f"x:{n}", at=NOW, data={}) for n in range(3)
    )


def by_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO core_auditevent (at, kind, "by", subject, data) '
            "VALUES ('2026-11-21 12:00:00+00:00', 'a.b', 'usr_a', 'x:1', '{}')"
        )


def computed_root() -> bytes:
    """From the events themselves, in the order of their places, without any tile."""
    places = list(LogEntry.objects.order_by("position").values_list("event", flat=True))
    entries = entries_of(places)
    frontier = Frontier()
    frontier.extend(leaf_hash(entries[event]) for event in places)
    return frontier.root()


@pytest.mark.database
@pytest.mark.django_db
@pytest.mark.parametrize(("write", "count"), [(record, 1), (in_bulk, 3), (by_sql, 1)])
def test_every_way_to_write_an_event_lets_it_wait(write: Callable[[], object], count: int) -> None:
    write()
    events = list(AuditEvent.objects.order_by("index").values_list("index", flat=True))
    assert len(events) == count
    assert list(LogPending.objects.values_list("event", flat=True)) == events


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_event_that_is_rolled_back_does_not_wait() -> None:
    with transaction.atomic():
        record()
        transaction.set_rollback(True)
    assert not LogPending.objects.exists()


@pytest.mark.database
@pytest.mark.django_db
def test_places_are_dense_and_follow_the_numbers_of_the_events() -> None:
    events = [record(n).pk for n in range(5)]
    assert sequencer.catch_up() == 5
    assert list(LogEntry.objects.values_list("position", "event")) == list(enumerate(events))
    assert not LogPending.objects.exists()
    assert sequencer.catch_up() == 0


@pytest.mark.database
@pytest.mark.django_db
@pytest.mark.parametrize("batch", [1, 7, 300])
def test_tree_is_the_same_however_the_events_were_batched(batch: int) -> None:
    AuditEvent.objects.bulk_create(
        AuditEvent(kind="a.b", by="usr_a", subject=f"x:{n}", at=NOW + timedelta(seconds=n), data={"n": n})
        for n in range(520)
    )
    while sequencer.place_batch(batch):
        pass
    assert log_size() == 520
    assert head_at(520).root == computed_root()
    assert sorted(LogTile.objects.values_list("level", "index")) == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert len(read_tile(0, 2)) == 8 * HASH_SIZE


@pytest.mark.django_db
def test_event_that_canonical_json_cannot_write_is_in_the_log_by_its_digest() -> None:
    record(1)
    AuditEvent.objects.create(kind="a.b", by="usr_a", subject="x:1", at=NOW, data={"share": 0.5})
    assert sequencer.catch_up() == 2
    assert b"unwritable" in entries_of([AuditEvent.objects.latest("index").pk]).popitem()[1]


@pytest.mark.database
@pytest.mark.django_db
@pytest.mark.parametrize(
    "data",
    [
        '{"n":1' + "0" * 5_000 + "}",
        '{"n":' + "[" * 1_200 + "]" * 1_200 + "}",
        '{"n":' + "[" * 40 + "]" * 40 + "}",
    ],
)
def test_event_that_cannot_even_be_read_is_in_the_log_by_its_digest_and_stops_nobody(data: str) -> None:
    event = record(1).pk
    run(*unprotect(connection, AUDIT_LOG[0]))
    with connection.cursor() as cursor:
        cursor.execute('UPDATE core_auditevent SET data = %s WHERE "index" = %s', [data, event])
    run(*protect(connection, *AUDIT_LOG))
    later = record(2).pk
    assert sequencer.catch_up() == 2
    assert AuditEvent.objects.get(pk=event).data.keys() == {"unwritable"}
    assert b"unwritable" in entries_of([event])[event]
    assert list(LogEntry.objects.values_list("event", flat=True)) == [event, later]


@pytest.mark.django_db
def test_brackets_in_texts_are_no_levels() -> None:
    text = '[{"' * 40 + "\\"
    AuditEvent.objects.create(kind="a.b", by="usr_a", subject="x:1", at=NOW, data={"said": text})
    assert AuditEvent.objects.latest("index").data == {"said": text}


@pytest.mark.database
@pytest.mark.django_db
def test_waiting_rows_that_somebody_made_up_stop_nobody() -> None:
    first = record(1)
    sequencer.catch_up()
    LogPending.objects.bulk_create([LogPending(event=0), LogPending(event=first.pk)])
    second = record(2)
    assert sequencer.place_batch(1) == 1
    assert LogEntry.objects.get(position=1).event == second.pk


@pytest.mark.database
@pytest.mark.django_db
def test_many_wait_in_pages_and_none_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "BATCH", 2)
    first = record(1)
    sequencer.catch_up()
    made_up = [LogPending(event=number) for number in (-7, 0, 10**12, 10**12 + 1, 10**12 + 2, first.pk)]
    LogPending.objects.bulk_create(made_up)
    later = [record(number).pk for number in range(5)]
    assert (sequencer.place_batch(3), sequencer.place_batch(3), sequencer.any_waits()) == (3, 2, False)
    assert list(LogEntry.objects.order_by("position").values_list("event", flat=True))[1:] == later
