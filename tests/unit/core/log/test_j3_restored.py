"""J3: yesterday's backup is restored. The signer refuses, says how to repair it, forgets no revocation."""

import copy
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import Model

from portal.core.events import _handlers
from portal.core.log import keys, proofs, recovering, sentences
from portal.core.log.files import LogFiles
from portal.core.log.recovering import EventsLost, JournalGone, NothingLost, NothingToTrust
from portal.core.log.refusals import Behind, HeadLost, Rewritten
from portal.core.log.signing import read_head
from portal.core.log.stored import log_size
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
from tests.unit.core.log.world import NOW, owning_the_database, record, sign
from weights_vault.sealed.log.checkpoint import open_checkpoint
from weights_vault.sealed.log.growth import verify_growth

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

TABLES: tuple[type[Model], ...] = (
    *(AuditEvent, AuditDisclosure, LogPending, LogEntry, LogTile, LogCheckpoint, LogRecovered),
)


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    return LogFiles(tmp_path / "log")


def backup() -> dict[type[Model], list[Model]]:
    return {table: copy.deepcopy(list(table._default_manager.all())) for table in TABLES}


def restore(rows: dict[type[Model], list[Model]]) -> None:
    """As pg_restore does: what is there goes, then the rows of the backup come, and no trigger runs."""
    with owning_the_database():
        for table in TABLES:
            table._default_manager.all().delete()
            table._default_manager.bulk_create(rows[table])


def day_lost(files: LogFiles) -> list[AuditEvent]:
    """A day goes by after the backup, which is then restored, and somebody is at work again."""
    for number in range(5):
        record(number)
    sign(files)
    rows = backup()
    gone = [record(kind="grant.revoked", subject="grant:grt_a"), record(6), record(7)]
    sign(files, NOW + timedelta(hours=9))
    restore(rows)
    return gone


def test_signer_refuses_and_says_how_to_repair(files: LogFiles) -> None:
    day_lost(files)
    new = record(8)
    note = files.checkpoint()
    with pytest.raises(Behind, match="3 are lost: a backup was restored") as refused:
        sign(files)
    assert re.search(r"→ .*python manage\.py audit repair --adopt --by", str(refused.value))
    assert files.checkpoint() == note
    assert log_size() == 5, "nothing was added to the old tree"
    assert list(LogPending.objects.values_list("event", flat=True)) == [new.pk]


def test_journal_tells_what_was_lost(files: LogFiles) -> None:
    gone = day_lost(files)
    lost = recovering.lost_events(files)
    assert [(each.position, each.fields["kind"]) for each in lost] == [
        (5, "grant.revoked"),
        (6, "request.submitted"),
        (7, "request.submitted"),
    ]
    assert [each.fields["event"] for each in lost] == [event.pk for event in gone]


def test_lost_revocation_is_told_to_the_apps_once(files: LogFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[EventsLost] = []
    monkeypatch.setitem(_handlers, EventsLost, [told.append])
    day_lost(files)
    assert recovering.hold_lost(files, NOW) == 3
    assert recovering.hold_lost(files, NOW) == 0
    assert [each.fields["subject"] for event in told for each in event.lost][:1] == ["grant:grt_a"]
    assert sum(len(event.lost) for event in told) == 3


def test_adopted_log_goes_on_from_its_last_signed_head(files: LogFiles) -> None:
    day_lost(files)
    last_signed = files.checkpoint() or ""
    new = record(8)
    recovering.hold_lost(files, NOW)
    done = recovering.adopt(files, by="Olga Operator", reason="The disk failed.", now=NOW)
    assert (done.before.size, done.after.size, done.count) == (5, 8, 3)
    head = sign(files)
    assert head.size == 10
    assert list(LogEntry.objects.order_by("position").values_list("event", flat=True))[5:9] == [
        -6,
        -7,
        -8,
        new.pk,
    ]
    assert verify(files).entries == 10, "recovered entries that a repair tells of are good"
    growth = proofs.consistency(8)
    assert growth is not None
    older = open_checkpoint(last_signed, [keys.verifier()]).checkpoint
    assert verify_growth(growth, older, [keys.verifier()]).checkpoint.size == 10


def test_decision_to_adopt_is_an_event_that_names_both_heads(files: LogFiles) -> None:
    day_lost(files)
    signed = read_head(files.checkpoint() or "")
    before = LogCheckpoint.objects.get(size=5)
    recovering.adopt(files, by="Olga Operator", reason="The disk failed.", now=NOW)
    event = AuditEvent.objects.get(kind="log.repaired")
    assert event.data["restored"] == {"size": 5, "root": bytes(before.root).hex()}
    assert event.data["signed"] == {"size": 8, "root": signed.root.hex()}
    assert event.data["entries"] == 3
    assert "Olga" not in json.dumps(event.data)


def test_event_that_the_backup_had_but_not_its_place_keeps_its_row(files: LogFiles) -> None:
    record(1)
    sign(files)
    waited = record(2)
    rows = backup()
    sign(files)
    restore(rows)
    assert recovering.adopt(files, by="Olga Operator", reason="", now=NOW).count == 1
    assert LogEntry.objects.get(position=1).event == waited.pk
    assert not LogRecovered.objects.exists()
    assert sign(files).size == 3


def test_database_that_was_restored_and_edited_is_not_adopted(files: LogFiles) -> None:
    day_lost(files)
    tile = LogTile.objects.get(level=0, index=0)
    LogTile.objects.filter(pk=tile.pk).update(hashes=bytes(32) + bytes(tile.hashes)[32:])
    with pytest.raises(Rewritten):
        sign(files)
    with pytest.raises(Rewritten, match="does not lead to the head that was signed"):
        recovering.adopt(files, by="Olga Operator", reason="", now=NOW)
    assert log_size() == 5


def test_every_kind_that_is_held_or_done_again_is_one_of_the_log() -> None:
    assert recovering._marks.keys() <= set(sentences.kinds())
    assert recovering.mark("grant.revoked") == recovering.HELD
    assert recovering.mark("account.erased") == recovering.AGAIN
    assert recovering.mark("grant.started") == ""


def test_log_that_lost_nothing_is_not_repaired(files: LogFiles) -> None:
    record()
    sign(files)
    with pytest.raises(NothingLost):
        recovering.adopt(files, by="Olga Operator", reason="", now=NOW)
    assert not AuditEvent.objects.filter(kind="log.repaired").exists()


def test_refusing_signer_hashes_what_is_left_once(files: LogFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every few seconds, under a lock that on SQLite keeps everybody from writing."""
    day_lost(files)
    read: list[int] = []
    leaves = LogFiles.leaves

    def counted(self: LogFiles, start: int, end: int) -> list[bytes]:
        read.append(end - start)
        return leaves(self, start, end)

    monkeypatch.setattr(LogFiles, "leaves", counted)
    for _ in range(3):
        with pytest.raises(Behind):
            sign(files)
    assert read == [5]


@pytest.mark.parametrize("tiles", ["gone", "torn"])
def test_database_that_was_restored_without_its_tiles_is_refused_in_words(
    files: LogFiles, tiles: str
) -> None:
    day_lost(files)
    rows = LogTile.objects.filter(level=0)
    rows.delete() if tiles == "gone" else rows.update(hashes=bytes(3))
    for refused in (sign, lambda files: recovering.adopt(files, by="Olga Operator", reason="", now=NOW)):
        with pytest.raises(Rewritten):
            refused(files)


def test_journal_with_a_hole_is_not_adopted(files: LogFiles) -> None:
    day_lost(files)
    path = files.folder / "entries-000000000000"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:6] + lines[7:]))
    with pytest.raises(JournalGone, match="does not hold entry 6"):
        recovering.adopt(files, by="Olga Operator", reason="", now=NOW)


def test_lost_folder_begins_anew_by_an_operators_decision(files: LogFiles, tmp_path: Path) -> None:
    for number in range(3):
        record(number)
    sign(files)
    other = LogFiles(tmp_path / "new disk")
    with pytest.raises(HeadLost):
        sign(other)
    with other.taken():
        assert recovering.trust_database(other, by="Olga Operator", reason="Disk lost.", now=NOW).size == 3
    assert sign(other).size == 4
    assert other.size() == 4
    with pytest.raises(NothingToTrust):
        recovering.trust_database(other, by="Olga Operator", reason="", now=NOW)
