"""The audit log: written with its change, append-only in the database itself, free of secrets."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from portal.core import audit
from portal.core.models import AuditEvent

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def record_one(subject: str = "request:req_a", **data: object) -> AuditEvent:
    with transaction.atomic():
        return audit.record("request.submitted", by="usr_a", subject=subject, now=NOW, **data)


def execute(sql: str, *parameters: object) -> Callable[[], None]:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    return run


@pytest.mark.database
@pytest.mark.django_db
def test_trail_lists_the_events_of_its_subjects_oldest_first() -> None:
    first, second, third = record_one(n=1), record_one("request:req_b"), record_one(n=2)
    assert list(audit.trail("request:req_a")) == [first, third]
    assert list(audit.trail("request:req_b", "request:req_a")) == [first, second, third]
    assert third.data == {"n": 2}
    assert (third.at, third.by, third.kind) == (NOW, "usr_a", "request.submitted")


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change",
    [
        lambda event: AuditEvent.objects.filter(pk=event.pk).update(by="usr_b"),
        lambda event: event.delete(),
        lambda event: event.save(),
        lambda event: execute('UPDATE core_auditevent SET "by" = %s', "usr_b")(),
        lambda event: execute("DELETE FROM core_auditevent")(),
    ],
    ids=["update", "delete", "save again", "UPDATE by SQL", "DELETE by SQL"],
)
def test_a6_the_database_refuses_to_change_what_was_recorded(change: Callable[[AuditEvent], None]) -> None:
    event = record_one(n=1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(event)
    event.refresh_from_db()
    assert (event.by, event.data) == ("usr_a", {"n": 1})


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a6_the_database_refuses_to_replace_or_truncate() -> None:
    event = record_one(n=1)
    if connection.vendor == "sqlite":
        change = execute(
            'INSERT OR REPLACE INTO core_auditevent ("index", at, kind, "by", subject, data) '
            'SELECT "index", at, \'forged\', "by", subject, data FROM core_auditevent'
        )
    else:
        change = execute("TRUNCATE core_auditevent")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()
    assert list(AuditEvent.objects.values_list("pk", "kind")) == [(event.pk, "request.submitted")]


@pytest.mark.django_db(transaction=True)
def test_record_outside_a_transaction_is_a_mistake_of_ours() -> None:
    with pytest.raises(RuntimeError, match="outside the transaction"):
        audit.record("request.submitted", by="usr_a", subject="request:req_a", now=NOW)
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["wp_" + "x" * 46, "AGE-SECRET-KEY-1QQ", "https://h/d?a=b&signature=00"])
def test_g8_record_refuses_a_secret_without_repeating_it(secret: str) -> None:
    with pytest.raises(RuntimeError, match="looks like a secret") as caught:
        record_one(reason={"text": [secret]})
    assert secret not in str(caught.value)
    assert not AuditEvent.objects.exists()
