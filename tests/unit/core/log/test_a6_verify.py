"""A6: whatever is done to the log by SQL, by somebody who owns the database, `audit verify` names where."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from portal.core import audit
from portal.core.log import sequencer
from portal.core.log.entries import placed
from portal.core.log.files import LogFiles
from portal.core.log.trace import Bad
from portal.core.log.verify import verify
from portal.core.models import (
    AuditDisclosure,
    AuditEvent,
    LogCheckpoint,
    LogEntry,
    LogPending,
    LogRecovered,
    LogTile,
)
from tests.unit.core.log.world import NOW, owning_the_database, record, run, sign

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

SIZE, BAD = 12, 7


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    """Of a log with heads of 5, 10 and 12 entries."""
    files = LogFiles(tmp_path / "log")
    for number in range(SIZE):
        record(number)
        if number + 1 in (5, 10, SIZE):
            sign(files, NOW + timedelta(minutes=number))
    return files


def bad_event() -> int:
    return LogEntry.objects.get(position=BAD).event


def edited() -> None:
    run(f'UPDATE core_auditevent SET "by" = \'usr_b\' WHERE "index" = {bad_event()}')  # noqa: S608


def time_edited() -> None:
    AuditEvent.objects.filter(pk=bad_event()).update(at=NOW + timedelta(microseconds=1))


def deleted() -> None:
    run(f'DELETE FROM core_auditevent WHERE "index" = {bad_event()}')  # noqa: S608


def deleted_with_its_place() -> None:
    deleted()
    run(f"DELETE FROM core_logentry WHERE position = {BAD}")  # noqa: S608


def moved() -> None:
    first, second = bad_event(), LogEntry.objects.get(position=BAD + 3).event
    run(f"DELETE FROM core_logentry WHERE position IN ({BAD}, {BAD + 3})")  # noqa: S608
    LogEntry.objects.bulk_create(
        [LogEntry(position=BAD, event=second), LogEntry(position=BAD + 3, event=first)]
    )


def inserted_between() -> None:
    """An event that never was takes the place, and the others move up."""
    places = list(LogEntry.objects.filter(position__gte=BAD).order_by("position"))
    run(f"DELETE FROM core_logentry WHERE position >= {BAD}")  # noqa: S608
    forged = AuditEvent.objects.create(kind="grant.started", by="usr_b", subject="grant:x", at=NOW, data={})
    LogEntry.objects.create(position=BAD, event=forged.pk)
    LogEntry.objects.bulk_create(LogEntry(position=row.position + 1, event=row.event) for row in places)


def rebuilt(change: Callable[[], None]) -> Callable[[], None]:
    """The tree is built again over the change, as the portal itself builds it."""

    def rewrite() -> None:
        change()
        run("DELETE FROM core_logentry", "DELETE FROM core_logtile", "DELETE FROM core_logpending")
        run('INSERT INTO core_logpending (event) SELECT "index" FROM core_auditevent')
        sequencer.catch_up()

    return rewrite


@pytest.mark.parametrize("kept", ["the folder", "the database alone"])
@pytest.mark.parametrize(
    "change", [edited, time_edited, deleted, deleted_with_its_place, moved, inserted_between]
)
def test_a6_first_bad_entry_is_named(files: LogFiles, change: Callable[[], None], kept: str) -> None:
    assert verify(files).entries == SIZE
    with owning_the_database():
        change()
    with pytest.raises(Bad) as found:
        verify(files if kept == "the folder" else None)
    assert found.value.position == BAD


@pytest.mark.parametrize("change", [edited, deleted])
def test_a6_log_rewritten_as_a_whole_is_found_exactly_by_the_journal(
    files: LogFiles, change: Callable[[], None]
) -> None:
    with owning_the_database():
        rebuilt(change)()
    with pytest.raises(Bad, match="journaled outside the database") as found:
        verify(files)
    assert found.value.position == BAD


def test_a6_log_rewritten_as_a_whole_does_not_lead_to_its_signed_heads(files: LogFiles) -> None:
    with owning_the_database():
        rebuilt(edited)()
    with pytest.raises(Bad, match="is one of 5 to 9") as found:
        verify(None)
    assert found.value.position == 5


def test_a6_log_rewritten_with_its_heads_fails_against_the_last_witnessed_one(files: LogFiles) -> None:
    witnessed = LogCheckpoint.objects.get(size=10).note
    with owning_the_database():
        rebuilt(edited)()
        run("DELETE FROM core_logcheckpoint")
    assert verify(None).heads == 0, "nothing inside the database tells"
    with pytest.raises(Bad, match=r"a head that was kept elsewhere\..*one of 0 to 9"):
        verify(None, [witnessed])


def test_a6_log_that_was_cut_is_found(files: LogFiles) -> None:
    def cut() -> None:
        late = LogEntry.objects.filter(position__gte=10).values("event")
        AuditEvent.objects.filter(index__in=late).delete()

    last = LogCheckpoint.objects.get(size=SIZE).note
    with owning_the_database():
        rebuilt(cut)()
        run("DELETE FROM core_logcheckpoint WHERE size > 10")
    assert verify(None).entries == 10
    for known in ((files, []), (None, [last])):
        with pytest.raises(Bad, match="the log was cut") as found:
            verify(*known)
        assert found.value.position == 10


def test_a6_event_put_into_the_table_past_the_log_is_named(files: LogFiles) -> None:
    with owning_the_database():
        forged = AuditEvent.objects.create(kind="a.b", by="usr_b", subject="x:1", at=NOW, data={})
    with pytest.raises(Bad, match="past the log") as found:
        verify(files)
    assert found.value.event == forged.pk


def test_a6_event_deleted_while_it_waited_is_named(files: LogFiles) -> None:
    waited = record(99)
    with owning_the_database():
        run(f'DELETE FROM core_auditevent WHERE "index" = {waited.pk}')  # noqa: S608
    with pytest.raises(Bad, match="while it waited") as found:
        verify(files)
    assert found.value.event == waited.pk


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"root": bytes(32)}, "is not what its own note says"),
        ({"note": "nothing signed\n"}, "is not what was signed"),
    ],
)
def test_a6_checkpoint_row_that_was_edited_is_named(
    files: LogFiles, change: dict[str, object], said: str
) -> None:
    LogCheckpoint.objects.filter(size=10).update(**change)
    with pytest.raises(Bad, match=f"the checkpoint of 10 entries {said}"):
        verify(files)


def test_a6_tile_that_was_edited_is_named_although_every_event_is_good(files: LogFiles) -> None:
    tile = LogTile.objects.get(level=0)
    LogTile.objects.filter(pk=tile.pk).update(hashes=bytes(tile.hashes) + bytes(32))
    with pytest.raises(Bad, match="more hashes than there are entries"):
        verify(files)
    LogTile.objects.filter(pk=tile.pk).update(hashes=tile.hashes)
    LogTile.objects.create(level=1, index=0, hashes=bytes(32))
    with pytest.raises(Bad, match="tile 1/0 belongs to no entries"):
        verify(files)


def test_upper_tiles_are_compared_and_several_processes_see_the_same(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.core.log.walking.CHUNK", 256)
    AuditEvent.objects.bulk_create(
        AuditEvent(kind="a.b", by="usr_a", subject=f"x:{n}", at=NOW, data={"n": n}) for n in range(800)
    )
    sign(files)
    assert verify(files, processes=2) == verify(files, processes=1)
    tile = LogTile.objects.get(level=1)
    LogTile.objects.filter(pk=tile.pk).update(hashes=bytes(tile.hashes)[:64] + bytes(32))
    with pytest.raises(Bad, match="tile 1/0") as found:
        verify(files, processes=2)
    assert found.value.position == 512


@pytest.mark.parametrize("edited_too", [True, False])
def test_a6_event_that_was_taken_out_as_if_a_restore_had_lost_it_is_named(
    files: LogFiles, edited_too: bool
) -> None:
    """Each leaf is good: what was signed stands as a recovered entry. Pages show another event, or none."""
    position, event, entry = placed(BAD, BAD + 1)[0]
    with owning_the_database():
        LogEntry.objects.filter(position=position).update(event=-1 - position)
        LogRecovered.objects.create(position=position, entry=entry, at=NOW)
        if edited_too:
            AuditEvent.objects.filter(pk=event).update(by="usr_b")
            LogPending.objects.create(event=event)
        else:
            AuditEvent.objects.filter(pk=event).delete()
    with pytest.raises(Bad, match="no repair tells of it") as found:
        verify(files)
    assert found.value.position == BAD


def test_a6_repair_written_beside_the_log_excuses_nothing(files: LogFiles) -> None:
    position, event, entry = placed(BAD, BAD + 1)[0]
    data = {"restored": {"size": 0}, "adopted": {"size": SIZE}}
    told = json.dumps({"kind": "log.repaired", "data": data}).encode()
    with owning_the_database():
        LogEntry.objects.filter(position=position).update(event=-1 - position)
        LogRecovered.objects.create(position=position, entry=entry, at=NOW)
        LogRecovered.objects.create(position=10**9, entry=told, at=NOW)
        LogRecovered.objects.create(position=10**9 + 1, entry=b"{}", at=NOW)
        AuditEvent.objects.filter(pk=event).delete()
    with pytest.raises(Bad, match="no repair tells of it") as found:
        verify(files)
    assert found.value.position == BAD


@pytest.mark.parametrize("change", [{"value": "Ben asked for it."}, {"salt": bytes(16)}, {"field": "note"}])
def test_a6_private_value_that_was_changed_is_named(files: LogFiles, change: dict[str, Any]) -> None:
    with transaction.atomic():
        event = audit.record(
            "grant.revoked", by="usr_a", subject="grant:a", now=NOW, private={"reason": "Ada shared it."}
        )
    sign(files)
    assert verify(files).entries == SIZE + 1
    AuditDisclosure.objects.filter(event=event.pk).update(**change)
    with pytest.raises(Bad, match="is not what it commits to") as found:
        verify(files)
    assert (found.value.position, found.value.event) == (SIZE, event.pk)


def test_new_events_do_not_disturb(files: LogFiles) -> None:
    record(20)
    sequencer.catch_up()
    record(21)
    sound = verify(files)
    assert (sound.entries, sound.heads, sound.journaled, sound.waiting) == (13, 4, 12, 1)
