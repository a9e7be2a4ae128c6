"""The ledger of single headers becomes the ledger of deliveries, forth and back: no digest is lost."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from portal.accounts.models import User
from weights_vault.ledger import reading
from weights_vault.models import Holding, LedgerEntry, RecipientKey, Revision
from weights_vault.queries import holders_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database, pytest.mark.slow]

BEFORE = [("weights_vault", "0002_published_immutable")]


def migrate_back() -> Any:
    """Return the models as they were."""
    executor = MigrationExecutor(connection)
    executor.migrate(BEFORE)
    return executor.loader.project_state(BEFORE).apps


def migrate_to_now() -> None:
    executor = MigrationExecutor(connection)
    # Of every app: what stands on the vault's later tables went back with them.
    now = executor.loader.graph.leaf_nodes()
    if executor.migration_plan(now):
        executor.migrate(now)


@pytest.fixture
def old(transactional_db: None, revision: Revision) -> Iterator[Any]:
    """The database as it was, with one revision published."""
    yield migrate_back().get_model("weights_vault", "HeaderIssue")
    migrate_to_now()


def digest(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


@pytest.fixture
def rows(old: Any, revision: Revision, key: RecipientKey, now: datetime) -> list[dict[str, Any]]:
    """Two batches of one grant, the second of one file, and one of another: as the portal wrote them."""
    files = [file.pk for file in revision.files.all()]
    later = now + timedelta(days=1)
    batches = [("grt_a", files, now), ("grt_a", files[1:2], later), ("grt_b", files[::-1], later)]
    written = [
        {
            "grant": grant,
            "revision": revision.pk,
            "file": file,
            "key": key.pk,
            "header_sha256": digest(f"{grant} {file} {at}"),
            "at": at,
        }
        for grant, wanted, at in batches
        for file in wanted
    ]
    old.objects.bulk_create(old(**row) for row in written)
    return written


def test_each_batch_becomes_one_entry_with_its_digests(
    rows: list[dict[str, Any]], revision: Revision, key: RecipientKey, person: User
) -> None:
    migrate_to_now()

    entries = list(LedgerEntry.objects.order_by("at", "grant"))
    assert [(each.grant, each.count, each.kind) for each in entries] == [
        ("grt_a", revision.files.count(), "headers"),
        ("grt_a", 1, "headers"),
        ("grt_b", revision.files.count(), "headers"),
    ]
    assert {(each.person, each.key, each.revision) for each in entries} == {
        (person.public_id, key.pk, revision.pk)
    }
    assert entries[0].size == sum(file.body.body_size for file in revision.files.select_related("body"))
    for row in rows:
        issued = reading.headers_issued(grant=row["grant"], revision=revision.pk, file=row["file"])
        assert bytes.fromhex(row["header_sha256"]) in issued


def test_running_sums_stand_for_what_moved(
    rows: list[dict[str, Any]], revision: Revision, now: datetime
) -> None:
    migrate_to_now()

    holding = Holding.objects.get(grant="grt_a")
    assert (holding.release, holding.file_count) == ("opt-small", revision.files.count())
    assert (holding.first_at, holding.last_at) == (now, now + timedelta(days=1))
    assert not holding.stirred  # what happened long ago raises no alert today
    assert holders_of(revision) == {rows[0]["key"]: ["grt_a", "grt_b"]}


def test_moved_entries_only_grow(rows: list[dict[str, Any]]) -> None:
    migrate_to_now()
    for statement in (
        "UPDATE weights_vault_ledgerentry SET person = ''",
        "DELETE FROM weights_vault_ledgerentry",
    ):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_backwards_every_header_has_its_row_again(rows: list[dict[str, Any]]) -> None:
    migrate_to_now()
    model = migrate_back().get_model("weights_vault", "HeaderIssue")

    columns = list(rows[0])
    found = [dict(zip(columns, row, strict=True)) for row in model.objects.values_list(*columns)]
    by_file = ("grant", "at", "file")
    assert sorted(found, key=lambda row: [row[name] for name in by_file]) == sorted(
        rows, key=lambda row: [row[name] for name in by_file]
    )
