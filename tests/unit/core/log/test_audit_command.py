"""manage.py audit and manage.py log_signer, as an operator meets them."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.core.log import keys, sequencer
from portal.core.log.files import LogFiles, log_files
from portal.core.management.commands import audit as audit_command
from portal.core.models import AuditEvent, LogCheckpoint, LogTile
from tests.servers.witness import Witness
from tests.unit.core.log.test_j3_restored import backup, restore
from tests.unit.core.log.world import NOW, owning_the_database, record, sign
from weights_vault.sealed.log.checkpoint import open_checkpoint
from weights_vault.sealed.log.growth import verify_growth
from weights_vault.sealed.log.note import NoteVerifier, cosign
from weights_vault.sealed.signing import SigningKey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> LogFiles:
    settings.LOG_CHECKPOINTS = str(tmp_path / "log")
    return log_files()


def manage(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output, stderr=output)
    return output.getvalue()


def test_one_round_signs_and_verify_says_so(files: LogFiles) -> None:
    for number in range(3):
        record(number)
    assert manage("log_signer", "--once").startswith("Signed: 3 entries, root ")
    said = manage("audit", "verify")
    assert said.startswith("3 entries are good, read in ")
    assert said.endswith("2 signed heads; 3 are in the signer's folder, too; 0 events wait.\n")
    assert manage("audit", "checkpoint") == files.checkpoint()


@pytest.mark.django_db(transaction=True)
def test_verify_names_the_first_bad_entry_and_what_to_do(files: LogFiles) -> None:
    events = [record(number) for number in range(3)]
    sign(files)
    with owning_the_database():
        AuditEvent.objects.filter(pk=events[1].pk).update(by="usr_b")
    with pytest.raises(CommandError, match=f"First: entry 1, event {events[1].pk}: it is not") as refused:
        manage("audit", "verify")
    assert "→ Keep the database as it is" in str(refused.value)


def test_verify_compares_with_a_head_that_was_kept_elsewhere(files: LogFiles, tmp_path: Path) -> None:
    record()
    sign(files)
    (tmp_path / "kept").write_text(files.checkpoint() or "")
    assert "3 signed heads" in manage("audit", "verify", "--head", str(tmp_path / "kept"))
    assert "2 signed heads; 0 are" in manage(
        "audit", "verify", "--no-folder", "--head", str(tmp_path / "kept")
    )


@pytest.mark.parametrize(
    ("step", "kept", "said"),
    [
        (("verify", "--head"), b"A letter\n", "is not a checkpoint of this log"),
        (("verify", "--head"), b"\x7fELF\xd0\x00", "is no text file"),
        (("cosign",), b"\x7fELF\xd0\x00", "is no text file"),
        (("verify", "--head"), None, "cannot be read"),
    ],
)
def test_wrong_file_is_a_mistake_and_no_forged_log(
    files: LogFiles, tmp_path: Path, step: tuple[str, ...], kept: bytes | None, said: str
) -> None:
    record()
    sign(files)
    if kept is not None:
        (tmp_path / "kept").write_bytes(kept)
    with pytest.raises(CommandError, match=said) as refused:
        manage("audit", *step, str(tmp_path / "kept"))
    assert "not what was signed" not in str(refused.value)


def test_size_that_was_never_signed_names_the_newest(files: LogFiles) -> None:
    with pytest.raises(CommandError, match="no signed head yet"):
        manage("audit", "checkpoint")
    record()
    sign(files)
    with pytest.raises(CommandError, match=r"No head of 9 entries was signed\. The newest is of 1"):
        manage("audit", "checkpoint", "--size", "9")
    with pytest.raises(CommandError, match=r"The smaller size stands first\. The newest is of 1"):
        manage("audit", "consistency", "5", "1")


def test_consistency_is_a_file_that_verifies(files: LogFiles) -> None:
    record(1)
    sign(files)
    old = open_checkpoint(files.checkpoint() or "", [keys.verifier()]).checkpoint
    record(2)
    sign(files)
    assert verify_growth(manage("audit", "consistency", "1"), old, [keys.verifier()]).checkpoint.size == 2
    with pytest.raises(CommandError, match="no such head"):
        manage("audit", "consistency", "3")


def test_line_of_a_witness_is_added_by_hand(files: LogFiles, settings: Any, tmp_path: Path) -> None:
    record()
    sign(files)
    witness = Witness("witness.example.org", keys.verifier(), NOW)
    settings.LOG_WITNESSES = f"https://witness.example.org {witness.verifier.text}"
    path = tmp_path / "cosigned"
    path.write_text(cosign(files.checkpoint() or "", witness.name, witness.key, NOW))
    record(2)
    sign(files)
    said = manage("audit", "cosign", str(path))
    assert said == "The head of 1 entries is cosigned by witness.example.org.\n"
    assert LogCheckpoint.objects.get(size=1).note == path.read_text()
    path.write_text("— witness.example.org AAAA\n")
    with pytest.raises(CommandError, match="Nothing was added to the head of 2 entries"):
        manage("audit", "cosign", str(path))


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_j3_operator_is_led_from_the_refusal_to_a_log_that_goes_on(files: LogFiles) -> None:
    record(1)
    sign(files)
    rows = backup()
    record(kind="grant.revoked", subject="grant:grt_lost")
    record(kind="account.erased", subject="user:usr_lost")
    sign(files)
    restore(rows)
    with pytest.raises(CommandError, match=r"python manage\.py audit repair --adopt"):
        manage("log_signer", "--once")
    listed = manage("audit", "repair").splitlines()
    assert listed[0] == "2 events of the journal are not in this database:"
    assert [line.split()[2:] for line in listed[1:3]] == [
        ["grant.revoked", "grant:grt_lost", "held"],
        ["account.erased", "user:usr_lost", "do", "again"],
    ]
    with pytest.raises(CommandError, match="--by YOUR-NAME"):
        manage("audit", "repair", "--adopt")
    said = manage("audit", "repair", "--adopt", "--by", "Olga Operator", "--reason", "The disk failed.")
    assert said.startswith("2 entries were taken over: from 1 entries, root ")
    assert manage("log_signer", "--once").startswith("Signed: 4 entries")
    assert manage("audit", "verify").startswith("4 entries are good")
    assert manage("audit", "repair").startswith("Nothing is lost")


@pytest.mark.parametrize("way", ["--adopt", "--trust-database"])
def test_repair_waits_for_the_signer_that_holds_the_folder(
    files: LogFiles, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(audit_command, "_SIGNER_PAUSES_S", 0.1)
    record()
    sign(files)
    with files.taken(), pytest.raises(CommandError, match="another log signer holds"):
        manage("audit", "repair", way, "--by", "Olga Operator")
    with pytest.raises(CommandError, match=r"Nothing is lost|nothing begins anew"):
        manage("audit", "repair", way, "--by", "Olga Operator")


def test_head_of_nobodys_key_is_not_begun_anew_from(files: LogFiles, settings: Any, tmp_path: Path) -> None:
    record()
    sign(files)
    LogCheckpoint.objects.update(note="made up")
    settings.LOG_CHECKPOINTS = str(tmp_path / "another disk")
    with pytest.raises(CommandError, match="The database contradicts what was signed"):
        manage("audit", "repair", "--trust-database", "--by", "Olga Operator")


def test_lost_folder_is_begun_anew(files: LogFiles, settings: Any, tmp_path: Path) -> None:
    record()
    sign(files)
    settings.LOG_CHECKPOINTS = str(tmp_path / "another disk")
    with pytest.raises(CommandError, match="--trust-database"):
        manage("log_signer", "--once")
    said = manage("audit", "repair", "--trust-database", "--by", "Olga Operator")
    assert said.startswith("The signer's folder begins anew from 1 entries")
    assert manage("log_signer", "--once").startswith("Signed: 2 entries")


def test_key_is_made_once_and_both_settings_are_printed(settings: Any, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.pem"
    first = manage("log_signer", "--make-key", str(path))
    assert first == manage("log_signer", "--make-key", str(path))
    public, known_before = first.split("LOG_VERIFIER=")[1].split()[0].split(",")
    assert known_before == keys.verifier().text
    assert NoteVerifier.from_text(public).key == SigningKey.from_pem(path.read_bytes()).public
    assert path.stat().st_mode & 0o777 == 0o600
    settings.LOG_KEY, settings.LOG_VERIFIER = str(path), public
    record()
    assert manage("log_signer", "--once").startswith("Signed: 1 entries")


def test_key_of_another_log_signs_nothing(settings: Any, tmp_path: Path) -> None:
    path = tmp_path / "log.pem"
    path.write_bytes(SigningKey.generate().to_pem())
    settings.LOG_KEY = str(path)
    with pytest.raises(CommandError, match="LOG_KEY is not the key that LOG_VERIFIER names"):
        manage("log_signer", "--once")
    assert not LogTile.objects.exists()
    assert sequencer.waiting().count() == 0


def test_folder_that_cannot_be_written_is_named(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "disk").write_text("no folder")
    settings.LOG_CHECKPOINTS = str(tmp_path / "disk" / "log")
    record()
    with pytest.raises(
        CommandError, match=r"LOG_CHECKPOINTS, .*disk/log, cannot be used \(Not a directory\)"
    ):
        manage("log_signer", "--once")
    assert not LogCheckpoint.objects.exists()
