"""The signer: what it signs, and that a kill at any point neither loses an event nor makes two heads."""

import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest

from portal.core.log import keys, proofs, sequencer, signer
from portal.core.log.files import LogFiles, SignerBusy
from portal.core.log.refusals import HeadLost, HeadUnknown, Rewritten
from portal.core.log.signing import read_head
from portal.core.models import AuditEvent, LogCheckpoint, LogPending, LogTile
from tests.unit.core.log.world import NOW, owning_the_database, record, run, sign
from weights_vault.sealed.log.proof import verify_proof

pytestmark = pytest.mark.django_db

# Where a round can be killed: the function that is not reached any more.
STEPS = ["_journal", "_grew", "sign_head", "write_checkpoint", "keep_row"]


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    return LogFiles(tmp_path / "log")


class Killed(BaseException):
    """As a SIGKILL is: nothing catches it."""


def killed(*arguments: object) -> None:
    raise Killed


def test_head_stands_in_the_file_and_in_the_database(files: LogFiles) -> None:
    events = [record(n) for n in range(5)]
    head = sign(files)
    row = LogCheckpoint.objects.get()
    assert (head.size, row.size, row.note) == (5, 5, files.checkpoint())
    assert read_head(row.note) == head
    assert files.size() == 5
    assert [b'"n":%d' % n in entry for n, (_, entry) in enumerate(files.entries(0))] == [True] * 5
    text = proofs.proof_of(events[3].pk)
    assert text is not None
    assert verify_proof(text, [keys.verifier()]).position == 3


def test_signer_is_idle_until_something_happens(files: LogFiles) -> None:
    assert not signer.is_idle(files, NOW)
    sign(files)
    assert signer.is_idle(files, NOW)
    assert not signer.is_idle(files, NOW + signer.SIGNED_AGAIN)
    record()
    assert not signer.is_idle(files, NOW)


@pytest.mark.parametrize(("placing_s", "first"), [(0.0, 1), (float("inf"), 6)])
def test_who_writes_without_a_pause_keeps_no_head_from_being_signed(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch, placing_s: float, first: int
) -> None:
    """Five more events come, one while each batch gets its places. Each head is of what has its place."""
    more = list(range(5))

    def place_while_another_comes() -> int:
        placed = sequencer.place_batch()
        if more:
            record(more.pop())
        return placed

    monkeypatch.setattr(signer, "place_batch", place_while_another_comes)
    record()
    with files.taken():
        heads = [signer.one_round(files, keys.signer(), NOW, placing_s=placing_s) for _ in range(6)]
    assert (heads[0].size, heads[-1].size) == (first, 6)
    assert set(LogCheckpoint.objects.values_list("size", flat=True)) == {head.size for head in heads}


def test_head_that_did_not_grow_is_signed_again_as_the_same(files: LogFiles) -> None:
    record()
    sign(files)
    note = files.checkpoint()
    sign(files, NOW + timedelta(hours=1))
    row = LogCheckpoint.objects.get()
    assert (row.note, files.checkpoint()) == (note, note)
    assert row.signed_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("step", STEPS)
def test_signer_killed_at_a_step_goes_on_from_there(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    record(1)
    sign(files)
    record(2)
    with monkeypatch.context() as patch:
        patch.setattr(LogFiles if step == "write_checkpoint" else signer, step, killed)
        with pytest.raises(Killed):
            sign(files)
    record(3)
    head = sign(LogFiles(files.folder))
    assert head.size == files.size() == 3
    assert not LogPending.objects.exists()
    assert read_head(files.checkpoint() or "") == head
    assert [entry.count(b'"n":%d' % n) for n, (_, entry) in enumerate(files.entries(0), 1)] == [1, 1, 1]


def test_folder_without_its_head_is_found_although_nothing_waits(files: LogFiles) -> None:
    record()
    sign(files)
    (files.folder / "checkpoint").unlink()
    assert not signer.is_idle(files, NOW + timedelta(seconds=1))


def test_full_disk_leaves_the_old_head_and_no_drafts(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(1)
    first = sign(files)
    record(2)

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for _ in range(3):
            with pytest.raises(OSError, match="No space left"):
                sign(files)
        assert read_head(files.checkpoint() or "") == first
        with pytest.raises(OSError, match="No space left"):
            files.write_checkpoint("")
    assert LogCheckpoint.objects.count() == 1
    assert not list(files.folder.glob(".checkpoint*"))
    assert sign(files).size == 2


def test_two_signers_at_once_take_turns(files: LogFiles) -> None:
    record()
    with files.taken(), pytest.raises(SignerBusy, match="another log signer"):
        sign(LogFiles(files.folder))
    assert sign(LogFiles(files.folder)).size == 1


def test_second_signer_with_a_folder_of_its_own_signs_nothing(files: LogFiles, tmp_path: Path) -> None:
    record(1)
    sign(files)
    with pytest.raises(HeadLost, match="there is none"):
        sign(LogFiles(tmp_path / "other"))
    stale = LogFiles(tmp_path / "stale")
    stale.folder.mkdir()
    stale.write_checkpoint(files.checkpoint() or "")
    record(2)
    sign(files)
    with pytest.raises(HeadUnknown, match="another signer"):
        sign(stale)
    assert LogCheckpoint.objects.count() == 2


def test_a6_checkpoint_that_somebody_made_up_is_not_believed(files: LogFiles) -> None:
    record()
    sign(files)
    LogCheckpoint.objects.create(size=9, root=bytes(32), note="made up\n", signed_at=NOW)
    with pytest.raises(Rewritten, match="checkpoint of 9 entries was not signed"):
        sign(files)


@pytest.mark.parametrize("damage", ["", "half a no", "cut", "no text"])
def test_checkpoint_file_that_cannot_be_read_is_no_new_beginning(files: LogFiles, damage: str) -> None:
    record()
    sign(files)
    path = files.folder / "checkpoint"
    whole = path.read_bytes()
    damaged = {"cut": whole[:-10], "no text": b"\xff" + whole}
    path.write_bytes(damaged.get(damage, damage.encode()))
    record()
    with pytest.raises(HeadLost, match="audit repair --trust-database"):
        sign(files)
    assert LogPending.objects.count() == 1


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a6_event_edited_before_it_was_journaled_is_not_signed(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = record(1)
    with monkeypatch.context() as patch:
        patch.setattr(signer, "_journal", killed)
        with pytest.raises(Killed):
            sign(files)
    with owning_the_database():
        AuditEvent.objects.filter(pk=event.pk).update(by="usr_b")
    with pytest.raises(Rewritten, match=f"event {event.pk}, entry 0"):
        sign(files)
    assert not LogCheckpoint.objects.exists()


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("taken", [1, 2])
def test_a6_place_taken_away_before_it_was_journaled_moves_no_other(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    """Entry 2 would be journaled as entry 1, and stand there for good."""
    for number in range(3):
        record(number)
    with monkeypatch.context() as patch:
        patch.setattr(signer, "log_size", killed)
        with pytest.raises(Killed):
            sign(files)
    journal = signer._journal
    with owning_the_database():
        run(f"DELETE FROM core_logentry WHERE position = {taken}")  # noqa: S608
    with pytest.raises(Rewritten, match=f"the place of entry {taken} was taken away"):
        journal(files, 3)
    assert files.size() == 0


def test_place_whose_tile_is_gone_is_refused_in_words(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(1)
    sign(files)
    record(2)
    with monkeypatch.context() as patch:
        patch.setattr(signer, "sign_head", killed)
        with pytest.raises(Killed):
            sign(files)
    tile = LogTile.objects.get()
    LogTile.objects.filter(pk=tile.pk).update(hashes=bytes(tile.hashes)[:32])
    with pytest.raises(Rewritten):
        sign(files)


@pytest.mark.parametrize("signed_before", [0, 3])
def test_a6_upper_tile_that_was_changed_before_its_head_was_signed_is_not_signed(
    files: LogFiles, signed_before: int
) -> None:
    """The signer was killed between the places and the head: its leaves are good, not what is over them."""
    for number in range(signed_before):
        record(number)
    if signed_before:
        sign(files)
    AuditEvent.objects.bulk_create(
        AuditEvent(kind="a.b", by="usr_a", subject=f"x:{n}", at=NOW, data={"n": n}) for n in range(800)
    )
    sequencer.catch_up()
    tile = LogTile.objects.get(level=1)
    LogTile.objects.filter(pk=tile.pk).update(hashes=bytes(tile.hashes)[:64] + bytes(32))
    with pytest.raises(Rewritten, match="its tiles say"):
        sign(files)
    assert LogCheckpoint.objects.count() == bool(signed_before)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a6_tree_that_was_rewritten_is_not_signed(files: LogFiles) -> None:
    for number in range(3):
        record(number)
    sign(files)
    with owning_the_database():
        AuditEvent.objects.filter(data={"n": 1}).update(by="usr_b")
        run("DELETE FROM core_logentry", "DELETE FROM core_logtile")
        run('INSERT INTO core_logpending (event) SELECT "index" FROM core_auditevent')
    sequencer.catch_up()
    with pytest.raises(Rewritten, match="first 3 entries have another root"):
        sign(files)
    assert LogCheckpoint.objects.count() == 1
