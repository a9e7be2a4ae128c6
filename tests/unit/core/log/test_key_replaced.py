"""The log's key is replaced: what was signed before is believed on, and the log grows out of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError
from django.utils import timezone

from portal.core.log import keys, proofs, replacing, sentences
from portal.core.log import signing as signing_module
from portal.core.log.files import LogFiles, log_files
from portal.core.log.refusals import KeyChanged, KeyStands
from portal.core.log.signing import is_by
from portal.core.log.standing import standing
from portal.core.log.trace import Bad
from portal.core.log.verify import verify
from portal.core.models import AuditEvent, LogCheckpoint
from tests.servers.witness import Witness
from tests.unit.core.log.test_audit_command import manage
from tests.unit.core.log.world import NOW, record, sign
from weights_vault.sealed.errors import LogTampered
from weights_vault.sealed.log.checkpoint import open_checkpoint
from weights_vault.sealed.log.growth import verify_growth
from weights_vault.sealed.log.note import NoteVerifier, cosignature
from weights_vault.sealed.log.proof import verify_proof
from weights_vault.sealed.trust import open_trust
from weights_vault.sealed.trust_document import TrustDocument
from weights_vault.trust import trust_document

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def files(settings: Any, tmp_path: Path) -> LogFiles:
    settings.LOG_CHECKPOINTS = str(tmp_path / "log")
    return log_files()


@pytest.fixture
def old(files: LogFiles) -> NoteVerifier:
    """The key of a log with heads of 1 and 3 entries."""
    for count in (1, 2):
        for number in range(count):
            record(number)
        sign(files)
    return keys.verifier()


def set_new_key(settings: Any, tmp_path: Path) -> NoteVerifier:
    """As an operator does: what --make-key prints is set for every process."""
    path = tmp_path / "new.pem"
    said = manage("log_signer", "--make-key", str(path))
    settings.LOG_VERIFIER = said.split("LOG_VERIFIER=")[1].split()[0]
    settings.LOG_KEY = str(path)
    return keys.verifier()


@pytest.fixture
def new(old: NoteVerifier, settings: Any, tmp_path: Path) -> NoteVerifier:
    return set_new_key(settings, tmp_path)


def replaced() -> str:
    return manage("log_signer", "--replace-key", "--by", "Olga Operator", "--reason", "A year is over.")


def test_new_key_keeps_the_logs_name_and_is_listed_before_the_old_one(
    old: NoteVerifier, new: NoteVerifier, settings: Any, tmp_path: Path
) -> None:
    assert (keys.verifiers(), new.name) == ((new, old), old.name)
    listed = tmp_path / "several.pub"
    listed.write_text(f"{new.text}\n{old.text}\n")
    settings.LOG_VERIFIER = f"file:{listed}"
    assert keys.verifiers() == (new, old)
    assert standing(NOW).keys == (new.text, old.text)


def test_nothing_is_signed_by_another_key_until_somebody_says_that_it_was_replaced(
    files: LogFiles, new: NoteVerifier
) -> None:
    record()
    with pytest.raises(KeyChanged, match="--replace-key --by YOUR-NAME"):
        sign(files)
    with pytest.raises(CommandError, match="--by YOUR-NAME"):
        manage("log_signer", "--replace-key")
    assert LogCheckpoint.objects.count() == 2


def test_head_at_which_keys_change_is_signed_by_both_and_the_log_grows_on(
    files: LogFiles, old: NoteVerifier, new: NoteVerifier
) -> None:
    before = open_checkpoint(files.checkpoint() or "", [old]).checkpoint
    assert replaced().startswith("The new key signed what the old one signed last: 3 entries, root ")
    row = LogCheckpoint.objects.get(size=3)
    assert row.note == files.checkpoint()
    assert (
        open_checkpoint(row.note, [old]).checkpoint == open_checkpoint(row.note, [new]).checkpoint == before
    )
    record(4)
    sign(files)
    growth = proofs.consistency(3)
    assert growth is not None
    assert verify_growth(growth, before, [new]).checkpoint.size == 5
    with pytest.raises(LogTampered):
        verify_growth(growth, before, [old])
    assert verify(files).heads == 4, "the rows of 1, 3 and 5 entries, and the folder's"
    with pytest.raises(CommandError, match="Nothing is to be replaced"):
        replaced()


def test_event_says_who_replaced_the_key_and_is_the_first_entry_under_the_new_one(
    files: LogFiles, old: NoteVerifier, new: NoteVerifier
) -> None:
    replaced()
    event = AuditEvent.objects.get(kind=replacing.REPLACED)
    [(_, sentence)] = sentences.tell([event])
    assert str(sentence) == (
        f"The log’s key {old.key_id.hex()} was replaced by {new.key_id.hex()}, decided by Olga Operator: "
        "“A year is over.”"
    )
    sign(files)
    proof = proofs.proof_of(event.pk)
    assert proof is not None
    assert verify_proof(proof, [new]).position == 3


def test_killed_half_way_it_is_done_again_and_recorded_once(
    files: LogFiles, new: NoteVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: object) -> None:
        raise OSError("as a full disk is")

    with monkeypatch.context() as patch:
        patch.setattr(LogFiles, "write_checkpoint", killed)
        with pytest.raises(CommandError, match="as a full disk is"):
            replaced()
    replaced()
    assert AuditEvent.objects.filter(kind=replacing.REPLACED).count() == 1
    assert is_by(files.checkpoint() or "", keys.signer())


def test_signer_with_the_old_key_signs_nothing_any_more(
    files: LogFiles, old: NoteVerifier, new: NoteVerifier, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = keys.signer()
    replaced()
    assert is_by(files.checkpoint() or "", mine)
    assert not is_by(files.checkpoint() or "", replace(mine, key=type(mine.key).generate()))
    settings.LOG_VERIFIER = old.text
    with pytest.raises(ImproperlyConfigured, match="names first"):
        sign(files)


def test_first_key_is_not_replaced(files: LogFiles) -> None:
    with files.taken(), pytest.raises(KeyStands):
        replacing.replace_key(files, keys.signer(), by="Olga", reason="", now=NOW)


def test_lines_of_witnesses_stay_under_the_head_at_which_keys_change(
    files: LogFiles, old: NoteVerifier, new: NoteVerifier
) -> None:
    row = LogCheckpoint.objects.get(size=3)
    witness = Witness("witness.example.org", old, NOW)
    line = cosignature(row.note, witness.name, witness.key, NOW)
    LogCheckpoint.objects.filter(size=3).update(note=row.note + line)
    replaced()
    row.refresh_from_db()
    assert row.note == (files.checkpoint() or "") + line


def test_without_the_old_key_earlier_heads_prove_nothing_and_the_newest_covers_them(
    files: LogFiles, new: NoteVerifier, settings: Any
) -> None:
    replaced()
    settings.LOG_VERIFIER = new.text
    sound = verify(files)
    assert (sound.heads, sound.unproved) == (2, 1)
    assert "1 earlier heads fit, too, but prove nothing" in manage("audit", "verify")
    LogCheckpoint.objects.filter(size=3).delete()
    with pytest.raises(Bad, match="neither the checkpoint of 1 entries nor a later one is signed"):
        verify(None)


def test_a6_head_of_an_unlisted_key_that_the_entries_do_not_lead_to_is_named(
    files: LogFiles, new: NoteVerifier, settings: Any
) -> None:
    replaced()
    settings.LOG_VERIFIER = new.text
    row = LogCheckpoint.objects.get(size=1)
    made_up = signing_module.sign_head(
        signing_module.Head(1, bytes(32)),
        replace(keys.signer(), key=type(keys.signer().key).generate()),
    )
    LogCheckpoint.objects.filter(pk=row.pk).update(root=bytes(32), note=made_up)
    with pytest.raises(Bad, match="the entries do not lead to the checkpoint of 1 entries"):
        verify(files)


def test_trust_document_lists_both_keys_and_counts_as_a_new_one(
    old: NoteVerifier, settings: Any, tmp_path: Path
) -> None:
    def told() -> TrustDocument:
        return open_trust(
            trust_document(now), pinned=None, minimum_sequence=0, portal=settings.PORTAL_URL, now=now
        )

    now = timezone.now()
    before = told()
    new = set_new_key(settings, tmp_path)
    after = told()
    assert (before.log, after.log) == ((old.text,), (new.text, old.text))
    assert after.sequence == before.sequence + 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("OLD,OLD", "listed twice"),
        ("WITNESS", "a key of a witness"),
        ("OLD,nonsense", "three parts"),
    ],
)
def test_list_of_keys_that_is_none_is_refused(old: NoteVerifier, settings: Any, text: str, said: str) -> None:
    witness = replace(old, kind=4)
    settings.LOG_VERIFIER = text.replace("OLD", old.text).replace("WITNESS", witness.text)
    with pytest.raises(ImproperlyConfigured, match=said):
        keys.verifiers()


def test_keys_of_two_logs_are_no_list(old: NoteVerifier, settings: Any) -> None:
    settings.LOG_VERIFIER = f"{old.text} {replace(old, name='other.example/log').text}"
    with pytest.raises(ImproperlyConfigured, match="different names"):
        keys.verifiers()


def test_old_key_that_is_not_listed_is_said_by_everybody_as_that(
    old: NoteVerifier, new: NoteVerifier, settings: Any, tmp_path: Path
) -> None:
    """The commonest slip: LOG_VERIFIER=NEW. No folder was lost, and no database changed."""
    settings.LOG_VERIFIER = new.text
    for words in (
        ("log_signer", "--replace-key", "--by", "Olga Operator"),
        ("log_signer", "--once"),
        ("audit", "repair", "--trust-database", "--by", "Olga Operator"),
        ("audit", "repair", "--adopt", "--by", "Olga Operator"),
    ):
        with pytest.raises(CommandError, match=r"by no key that LOG_VERIFIER lists[.]\n→ .*NEW,OLD"):
            manage(*words)
    with pytest.raises(CommandError, match="folder is signed by no key that LOG_VERIFIER lists"):
        manage("audit", "verify")
    settings.LOG_CHECKPOINTS = str(tmp_path / "another disk")
    with pytest.raises(CommandError, match="NEW,OLD"):
        manage("audit", "repair", "--trust-database", "--by", "Olga Operator")


def test_key_that_other_settings_made_is_not_taken_for_the_logs(settings: Any, tmp_path: Path) -> None:
    """manage.py without the signer's environment has the embedded settings, and names it after localhost."""
    path, listed = tmp_path / "log-2.pem", settings.LOG_VERIFIER
    elsewhere = NoteVerifier("weights.example.org/log", keys.verifier().key)
    manage("log_signer", "--make-key", str(path))
    settings.LOG_VERIFIER = elsewhere.text
    with pytest.raises(CommandError, match="Was it made with other settings"):
        manage("log_signer", "--make-key", str(path))
    settings.LOG_VERIFIER = listed
    path.write_text("no key")
    with pytest.raises(CommandError, match="Nothing was made"):
        manage("log_signer", "--make-key", str(path))
