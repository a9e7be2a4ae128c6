"""The database knows less than the store: put back from a backup, or two publishers at once. Nobody can tell
which plaintext was sealed under a body's key then, so it is never sealed under again (section 3.4).
"""

from pathlib import Path

import pytest
from django.db import transaction

from tests.unit.vault.test_resume import PARTS, SHARD, Publish, Store, assert_sealed_whole, change
from tests.unit.vault.test_resume import begun as begun
from tests.unit.vault.test_resume import shard as shard
from tests.unit.vault.test_resume import store as store
from weights_vault.ingest.under_way import BodyChanged, BodyRecord, KnownPart
from weights_vault.models import SealedBody
from weights_vault.models.bodies import BodyUnderWay, PartUnderWay
from weights_vault.queries import orphans
from weights_vault.sealed.body import PLAIN_PART_SIZE
from weights_vault.storage import storage
from weights_vault.storage.file_writer import FileWriter
from weights_vault.storage.port import StorageError

pytestmark = [pytest.mark.django_db]


@pytest.mark.parametrize(("forgotten", "changed"), [(0, False), (2, True)])
def test_piece_in_the_store_without_its_pin_ends_the_body(
    forgotten: int, changed: bool, begun: SealedBody, shard: Path, publish: Publish
) -> None:
    """Yesterday's database: the part is in the store, and the row that pinned it is gone."""
    PartUnderWay.objects.filter(index__gte=forgotten).delete()
    if changed:
        change(shard, 2 * PLAIN_PART_SIZE + 5)
    revision = publish("v1")
    body = revision.files.get(path=SHARD).body
    assert body.nonce != begun.nonce
    assert not SealedBody.objects.filter(pk=begun.pk).exists()
    assert_sealed_whole(revision, shard)
    assert orphans() == []


@pytest.mark.parametrize("also_the_pins", [True, False])
def test_object_that_was_finished_and_forgotten_is_made_anew(
    also_the_pins: bool, store: Store, shard: Path, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The object is finished, and this database knows some of its parts alone."""
    real = FileWriter.commit

    def commit(self: FileWriter, receipts: list[str]) -> None:
        real(self, receipts)
        if self._size > PLAIN_PART_SIZE:
            raise StorageError("the answer was lost")

    with monkeypatch.context() as lossy:
        lossy.setattr(FileWriter, "commit", commit)
        with pytest.raises(StorageError):
            publish("v1")
    begun = SealedBody.objects.get(files__path=SHARD)
    late = PartUnderWay.objects.filter(index__gte=PARTS - 2)
    if also_the_pins:
        late.delete()
    else:
        late.update(sealed="", receipt="")
    revision = publish("v1")
    assert revision.files.get(path=SHARD).body.nonce != begun.nonce
    assert_sealed_whole(revision, shard)


def test_unfinished_object_begun_by_nobody_else_is_gone_on_with(begun: SealedBody) -> None:
    with storage().resume(begun.object_name, size=begun.body_size, upload="") as writer:
        offsets = [16 + index * (PLAIN_PART_SIZE + 4_096) if index else 0 for index in range(PARTS)]
        found = [index for index, offset in enumerate(offsets) if writer.begun(index, offset)]
    assert found == list(PartUnderWay.objects.exclude(receipt="").values_list("index", flat=True))


def test_part_that_another_publisher_pinned_is_not_sealed_with_other_bytes(begun: SealedBody) -> None:
    """Two at once, each reading what was known before the other wrote: the first pin alone counts."""
    first, second = (BodyRecord(BodyUnderWay.objects.get(body=begun)) for _ in range(2))
    index = PARTS - 1
    first.keep({index: KnownPart("a" * 64)})
    second.keep({index: KnownPart("a" * 64)})
    with pytest.raises(BodyChanged):
        second.keep({index: KnownPart("b" * 64)})
    assert first.known()[index] == KnownPart("a" * 64)


def test_changed_part_takes_no_receipt(begun: SealedBody) -> None:
    record = BodyRecord(BodyUnderWay.objects.get(body=begun))
    known = record.known()
    with pytest.raises(BodyChanged):
        record.keep({0: KnownPart("b" * 64, "c" * 64, "receipt")})
    assert record.known() == known


@pytest.mark.django_db(transaction=True)
def test_pin_that_could_be_taken_back_is_refused(
    store: Store, shard: Path, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publish inside somebody's transaction: rolled back, its pins would be gone and its parts stored."""
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        publish("v1")
    assert [number for _, number, _ in store.puts if number > 0] == []
