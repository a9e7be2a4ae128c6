"""Checkpoints of a busy log: one an hour, then one a day, stays; everything is provable as before."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.core.log import keys, proofs, signer, thinning
from portal.core.log.files import LogFiles, log_files
from portal.core.log.trace import Bad
from portal.core.log.verify import verify
from portal.core.models import AuditEvent, LogCheckpoint
from tests.servers.witness import Witness
from tests.unit.core.log.test_audit_command import manage
from tests.unit.core.log.world import NOW, record, sign
from weights_vault.sealed.log.checkpoint import open_checkpoint
from weights_vault.sealed.log.growth import verify_growth
from weights_vault.sealed.log.note import cosign
from weights_vault.sealed.log.proof import verify_proof

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def files(settings: Any, tmp_path: Path) -> LogFiles:
    settings.LOG_CHECKPOINTS = str(tmp_path / "log")
    return log_files()


def heads(files: LogFiles, ages_min: Iterable[float]) -> None:
    """One head of one more entry each, so many minutes before NOW."""
    for number, age in enumerate(ages_min):
        record(number)
        sign(files, NOW - timedelta(minutes=age))


def sizes() -> list[int]:
    return sorted(LogCheckpoint.objects.values_list("size", flat=True))


def thin(now: datetime = NOW) -> None:
    thinning.thin({}, now)


def test_one_an_hour_then_one_a_day_stays_and_the_last_hour_is_whole(files: LogFiles) -> None:
    day, hour = 24 * 60, 60
    heads(files, [5 * day + 30, 5 * day + 20, 4 * day, 3 * hour + 30, 3 * hour + 20, hour + 10, 40, 30, 20])
    thin()
    assert sizes() == [2, 3, 5, 6, 7, 8, 9]
    thin()
    assert sizes() == [2, 3, 5, 6, 7, 8, 9]
    thin(NOW + timedelta(days=9))
    assert sizes() == [2, 3, 8, 9], "of the last day, the latest; and the newest"


def test_newest_stays_although_others_of_its_day_do(files: LogFiles) -> None:
    heads(files, [50, 40])
    thin(NOW + timedelta(days=30))
    assert sizes() == [1, 2]


def test_head_that_a_witness_signed_stands_for_its_hour(files: LogFiles) -> None:
    heads(files, [200, 199, 198, 10])
    witness = Witness("witness.example.org", keys.verifier(), NOW)
    row = LogCheckpoint.objects.get(size=2)
    row.note = cosign(row.note, witness.name, witness.key, NOW)
    row.save()
    thin()
    assert sizes() == [2, 4]


def test_what_was_thinned_is_proved_as_before(files: LogFiles) -> None:
    heads(files, [200])
    held = open_checkpoint(files.checkpoint() or "", [keys.verifier()]).checkpoint
    heads(files, [199, 198, 10])
    thin()
    assert sizes() == [3, 4]
    growth = proofs.consistency(held.size)
    assert growth is not None
    assert verify_growth(growth, held, [keys.verifier()]).checkpoint.size == 4
    event = AuditEvent.objects.order_by("index").first()
    assert event is not None
    assert verify_proof(proofs.proof_of(event.pk) or "", [keys.verifier()]).position == 0
    assert verify(files).heads == 3
    LogCheckpoint.objects.filter(size=3).update(root=bytes(32))
    with pytest.raises(Bad, match="the checkpoint of 3 entries"):
        verify(files)


def test_rows_go_in_batches_and_one_job_has_an_end(files: LogFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "BATCH", 2)
    monkeypatch.setattr(thinning, "MOST", 4)
    heads(files, [200 - number / 10 for number in range(9)])
    thin()
    assert len(sizes()) == 5
    thin()
    assert sizes() == [8, 9]


def test_line_of_a_witness_that_comes_after_its_head_was_thinned_brings_it_back(
    files: LogFiles, settings: Any, tmp_path: Path
) -> None:
    witness = Witness("witness.example.org", keys.verifier(), NOW)
    settings.LOG_WITNESSES = f"https://witness.example.org {witness.verifier.text}"
    heads(files, [200])
    sent = files.checkpoint() or ""
    heads(files, [199, 10])
    thin()
    assert sizes() == [2, 3]
    path = tmp_path / "cosigned"
    path.write_text(cosign(sent, witness.name, witness.key, NOW))
    said = manage("audit", "cosign", str(path))
    assert said == "The head of 1 entries is cosigned by witness.example.org.\n"
    assert LogCheckpoint.objects.get(size=1).note == path.read_text()
    LogCheckpoint.objects.filter(size=1).delete()
    path.write_text(cosign(sent.replace("\n1\n", "\n2\n"), witness.name, witness.key, NOW))
    with pytest.raises(CommandError, match="Nothing was added"):
        manage("audit", "cosign", str(path))
    assert sizes() == [2, 3]


def test_idle_signer_asks_the_database_twice_for_one_row_each(files: LogFiles) -> None:
    heads(files, [0] * 3)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert signer.is_idle(files, NOW)
    assert len(asked) == 2
    assert all("LIMIT 1" in each["sql"] for each in asked)
