"""The database itself keeps what was published, whatever code or SQL asks."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import DatabaseError, connection, transaction

from portal.accounts.principals import Principal
from tests.unit.vault.fakes import GRANT, fails
from weights_vault import keeper
from weights_vault.actions.publish import GateFailed
from weights_vault.models import File, LedgerEntry, RecipientKey, Revision, SealedBody

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def refused(statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match=r"final|append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


CHANGES = [
    "name = 'v9'", "sequence = 9", "manifest_sha256 = 'x'", "manifest = NULL", "published_at = NULL",
    "id = 'rev_x'",
]  # fmt: skip


@pytest.mark.parametrize("assignment", CHANGES)
def test_published_revision_does_not_change(assignment: str, revision: Revision) -> None:
    refused(f"UPDATE weights_vault_revision SET {assignment}")  # noqa: S608


def test_published_revision_is_not_deleted(revision: Revision) -> None:
    refused("DELETE FROM weights_vault_revision")


@pytest.mark.parametrize("assignment", ["path = 'x'", "sha256 = 'x'", "size = 1", "kind = 'code'"])
def test_file_of_a_published_revision_does_not_change(assignment: str, revision: Revision) -> None:
    refused(f"UPDATE weights_vault_file SET {assignment} WHERE path = 'config.json'")  # noqa: S608


def test_file_of_a_published_revision_is_not_given_another_body(revision: Revision) -> None:
    """S3"""
    refused(
        "UPDATE weights_vault_file SET body_id = (SELECT body_id FROM weights_vault_file "
        "WHERE path = 'LICENSE.md') WHERE path = 'config.json'"
    )


def test_file_of_a_published_revision_is_not_deleted(revision: Revision) -> None:
    refused("DELETE FROM weights_vault_file WHERE path = 'config.json'")


@pytest.mark.parametrize(
    "assignment", ["object_name = id", "nonce = id", "plain_size = 1", "body_size = 1", "state = 'writing'"]
)
def test_stored_body_does_not_change(assignment: str, revision: Revision) -> None:
    refused(f"UPDATE weights_vault_sealedbody SET {assignment}")  # noqa: S608


def test_wrapping_of_a_key_may_change(revision: Revision) -> None:
    assert SealedBody.objects.update(wrapped_key=b"again") == revision.files.count()


def test_issued_header_stays_in_the_ledger(
    session: Principal, revision: Revision, key: RecipientKey, now: datetime
) -> None:
    files = list(revision.files.all())
    keeper.issue_headers(by=session, grant=GRANT, revision=revision, key=key, files=files, now=now)
    refused("UPDATE weights_vault_ledgerentry SET person = id")
    refused("DELETE FROM weights_vault_ledgerentry")
    assert LedgerEntry.objects.get().count == len(files)


def test_unpublished_revision_may_still_be_corrected(publish: Callable[..., Revision]) -> None:
    with pytest.raises(GateFailed):
        publish("v1", run=fails)
    assert File.objects.filter(path="config.json").update(kind="code") == 1
    assert File.objects.filter(path="config.json").delete()[0] == 1


@pytest.fixture
def issued(session: Principal, revision: Revision, key: RecipientKey, now: datetime) -> LedgerEntry:
    files = list(revision.files.all())
    keeper.issue_headers(by=session, grant=GRANT, revision=revision, key=key, files=files, now=now)
    return LedgerEntry.objects.get()


def test_ledger_is_neither_replaced_nor_emptied(issued: LedgerEntry) -> None:
    if connection.vendor == "sqlite":
        every = ", ".join(f'"{field.column}"' for field in LedgerEntry._meta.concrete_fields)
        other = every.replace('"person"', "'usr_eve'")
        table = "weights_vault_ledgerentry"
        refused(f"INSERT OR REPLACE INTO {table} ({every}) SELECT {other} FROM {table}")  # noqa: S608
        refused(f"UPDATE OR REPLACE {table} SET id = id + 1")  # noqa: S608
    else:
        refused("TRUNCATE weights_vault_ledgerentry")
        refused("TRUNCATE weights_vault_ledgerentry CASCADE")
    assert LedgerEntry.objects.get().person == issued.person


def test_ledger_is_not_changed_through_the_orm_either(issued: LedgerEntry) -> None:
    forged = LedgerEntry.objects.get()
    forged.person = "usr_eve"
    for change in (
        forged.save,
        forged.delete,
        LedgerEntry.objects.all().delete,
        lambda: LedgerEntry.objects.update(person="usr_eve"),
        lambda: LedgerEntry.objects.bulk_update([forged], ["person"]),
        lambda: LedgerEntry.objects.bulk_create(
            [forged], update_conflicts=True, unique_fields=["id"], update_fields=["person"]
        ),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert LedgerEntry.objects.get().person == issued.person
