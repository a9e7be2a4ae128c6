"""Proofs out of the stored tree: they verify offline, with the public key alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from portal.core import audit
from portal.core.log import keys, proofs, sequencer
from portal.core.models import AuditDisclosure, AuditEvent, LogCheckpoint
from tests.audit_log import catch_up
from weights_vault.sealed.errors import LogTampered
from weights_vault.sealed.log.checkpoint import open_checkpoint
from weights_vault.sealed.log.growth import verify_growth
from weights_vault.sealed.log.proof import parse_proof, verify_proof

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def record(number: int = 0, **private: str) -> AuditEvent:
    with transaction.atomic():
        return audit.record(
            "grant.revoked", by="usr_a", subject="grant:grt_a", now=NOW, private=private, n=number
        )


def test_each_event_has_a_proof_that_verifies() -> None:
    events = [record(n) for n in range(300)]
    assert catch_up(NOW) == 300
    for event in events[::37]:
        text = proofs.proof_of(event.pk)
        assert text is not None
        proved = verify_proof(text, [keys.verifier()], keys.origin())
        assert (proved.entry["event"], proved.entry["data"]) == (event.pk, {"n": event.data["n"]})
        assert proved.checkpoint.size == 300


def test_proof_asks_the_database_a_handful_of_questions(django_assert_max_num_queries: Any) -> None:
    AuditEvent.objects.bulk_create(
        AuditEvent(kind="a.b", by="usr_a", subject=f"x:{n}", at=NOW, data={}) for n in range(1_000)
    )
    assert catch_up(NOW) == 1_000
    event = AuditEvent.objects.order_by("index")[100].pk
    with django_assert_max_num_queries(5):
        text = proofs.proof_of(event)
    assert text is not None
    assert verify_proof(text, [keys.verifier()]).position == 100


def test_proof_carries_what_is_disclosed_until_it_is_erased() -> None:
    event = record(reason="A name that was typed")
    catch_up(NOW)
    text = proofs.proof_of(event.pk)
    assert text is not None
    assert verify_proof(text, [keys.verifier()]).disclosed == {"reason": "A name that was typed"}
    AuditDisclosure.objects.all().delete()
    bare = proofs.proof_of(event.pk)
    assert bare is not None
    assert verify_proof(bare, [keys.verifier()]).disclosed == {}


def test_event_without_a_signed_place_has_no_proof_yet() -> None:
    early = record(1)
    catch_up(NOW)
    late = record(2)
    assert proofs.proof_of(late.pk) is None
    sequencer.catch_up()
    assert proofs.proof_of(late.pk) is None
    text = proofs.proof_of(early.pk)
    assert text is not None
    assert verify_proof(text, [keys.verifier()]).checkpoint.size == 1


def test_proof_of_an_event_that_was_edited_does_not_verify() -> None:
    event, other = record(1), record(2)
    catch_up(NOW)
    texts = [proofs.proof_of(each.pk) for each in (event, other)]
    assert texts[0] is not None
    assert texts[1] is not None
    mixed = texts[1].replace(*(text.split("\n")[1] for text in reversed(texts) if text is not None))
    assert parse_proof(mixed).extra == parse_proof(texts[0]).extra
    with pytest.raises(LogTampered):
        verify_proof(mixed, [keys.verifier()])


def test_growth_between_two_checkpoints_verifies() -> None:
    for count in (3, 4, 250, 300):
        for number in range(count):
            record(number)
        catch_up(NOW + timedelta(seconds=count))
    sizes = list(LogCheckpoint.objects.order_by("size").values_list("size", flat=True))
    assert sizes == [3, 7, 257, 557]
    newest = LogCheckpoint.objects.get(size=557)
    for row in LogCheckpoint.objects.all():
        older = open_checkpoint(row.note, [keys.verifier()]).checkpoint
        text = proofs.consistency(row.size)
        assert text is not None
        assert verify_growth(text, older, [keys.verifier()]).checkpoint.root == bytes(newest.root)
    assert proofs.consistency(558) is None
    assert proofs.consistency(3, 8) is None
