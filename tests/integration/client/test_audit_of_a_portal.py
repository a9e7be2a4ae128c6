"""The log of a real portal, read by `weights audit verify`: what the one writes, the other believes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal.core import audit
from portal.core.log import keys, proofs, replacing
from portal.core.log.files import LogFiles
from portal.core.models import AuditDisclosure, AuditEvent, LogCheckpoint
from tests.integration.client.conftest import Weights
from tests.unit.core.log.world import NOW, owning_the_database, record, sign
from weights_vault.client.home import Home
from weights_vault.client.pins import Pins
from weights_vault.sealed.log.note import COSIGNATURE, NoteVerifier, cosign
from weights_vault.sealed.signing import SigningKey
from weights_vault.sealed.trust import fingerprint, open_trust
from weights_vault.trust import trust_document

pytestmark = pytest.mark.django_db
REASON = "Not a research use; see “Purpose”."


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    return LogFiles(tmp_path / "log")


@pytest.fixture
def rejected(files: LogFiles) -> AuditEvent:
    """A rejection with its words, among others, under a signed head."""
    record(1)
    with transaction.atomic():
        event = audit.record(
            "request.rejected",
            by="usr_a",
            subject="request:req_a",
            now=NOW,
            private={"reason": REASON},
            version=2,
        )
    for number in range(2, 300):
        record(number)
    sign(files)
    return event


def saved(folder: Path, name: str, text: str | None) -> str:
    assert text is not None
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


@pytest.mark.database
def test_the_portals_proof_is_believed(bare_weights: Weights, rejected: AuditEvent, tmp_path: Path) -> None:
    file = saved(tmp_path, "a.tlog-proof", proofs.proof_of(rejected.pk))
    done = bare_weights("audit", "verify", file, "--log-key", keys.verifier().text, "--json")
    assert done.code == 0
    [proof] = done.json["proofs"]
    assert (proof["entry"]["event"], proof["position"]) == (rejected.pk, 1)
    assert (proof["disclosed"], proof["withheld"]) == ({"reason": REASON}, [])
    assert proof["checkpoint"]["size"] == 300


def test_the_portals_trust_document_brings_the_key_of_its_log(
    bare_weights: Weights, rejected: AuditEvent, home: Path, tmp_path: Path
) -> None:
    now, portal = timezone.now(), settings.PORTAL_URL
    envelope = trust_document(now)
    document = open_trust(envelope, pinned=None, minimum_sequence=0, portal=portal, now=now)
    root = fingerprint(document.keys["root"][0])
    Pins(Home(home), portal).keep_trust(root=root, sequence=document.sequence, log=document.log)
    file = saved(tmp_path, "a.tlog-proof", proofs.proof_of(rejected.pk))
    assert bare_weights("audit", "verify", file, "--portal", portal).code == 0


def test_proofs_from_before_and_after_a_change_of_the_logs_key_are_believed(
    bare_weights: Weights,
    rejected: AuditEvent,
    files: LogFiles,
    home: Path,
    tmp_path: Path,
    settings: Any,
) -> None:
    before = saved(tmp_path, "before.tlog-proof", proofs.proof_of(rejected.pk))
    old, path = keys.verifier(), tmp_path / "new.pem"
    settings.LOG_VERIFIER, settings.LOG_KEY = f"{keys.make(path).text},{old.text}", str(path)
    with files.taken():
        replacing.replace_key(files, keys.signer(), by="Olga Operator", reason="", now=NOW)
    sign(files)
    now, portal = timezone.now(), settings.PORTAL_URL
    document = open_trust(trust_document(now), pinned=None, minimum_sequence=0, portal=portal, now=now)
    root = fingerprint(document.keys["root"][0])
    Pins(Home(home), portal).keep_trust(root=root, sequence=document.sequence, log=document.log)
    after = saved(tmp_path, "after.tlog-proof", proofs.proof_of(rejected.pk))
    assert bare_weights("audit", "verify", before, after, "--portal", portal).code == 0
    assert bare_weights("audit", "verify", after, "--log-key", old.text).code != 0


def test_after_an_erasure_the_portals_proof_holds_without_the_words(
    bare_weights: Weights, rejected: AuditEvent, tmp_path: Path
) -> None:
    AuditDisclosure.objects.filter(event=rejected.pk).delete()
    file = saved(tmp_path, "a.tlog-proof", proofs.proof_of(rejected.pk))
    done = bare_weights("audit", "verify", file, "--log-key", keys.verifier().text)
    assert (done.code, "reason: (not disclosed)" in done.out, REASON in done.out) == (0, True, False)


def test_the_log_grows_between_two_heads_and_a_witness_saw_the_later_one(
    bare_weights: Weights, rejected: AuditEvent, files: LogFiles, tmp_path: Path
) -> None:
    file = saved(tmp_path, "a.tlog-proof", proofs.proof_of(rejected.pk))
    record(300)
    sign(files)
    head = LogCheckpoint.objects.latest("size")
    witness = SigningKey.generate()
    head.note = cosign(head.note, "witness.example/w1", witness, NOW)
    head.save()
    words = ["--log-key", keys.verifier().text]
    words += ["--witness", NoteVerifier("witness.example/w1", witness.public, COSIGNATURE).text]
    assert bare_weights("audit", "verify", file, *words).code == 5
    words += ["--consistency", saved(tmp_path, "growth", proofs.consistency(300))]
    done = bare_weights("audit", "verify", file, *words)
    assert (done.code, "witnessed by witness.example/w1" in done.out) == (0, True)


@pytest.mark.django_db(transaction=True)
def test_a6_a_row_changed_by_sql_gets_no_proof_that_is_believed(
    bare_weights: Weights, rejected: AuditEvent, tmp_path: Path
) -> None:
    """The portal makes its proof from the row as it stands: it does not lead to the signed root any more."""
    with owning_the_database():
        AuditEvent.objects.filter(pk=rejected.pk).update(kind="request.approved")
    file = saved(tmp_path, "a.tlog-proof", proofs.proof_of(rejected.pk))
    done = bare_weights("audit", "verify", file, "--log-key", keys.verifier().text)
    assert (done.code, "error[log-inclusion]" in done.err) == (5, True)
