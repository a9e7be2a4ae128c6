"""A log with its signer's folder, and what somebody does to it who owns the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.db import connection, transaction

from portal.core import audit
from portal.core.append_only import AUDIT_LOG, protect, unprotect
from portal.core.log import keys, signer
from portal.core.log.files import LogFiles
from portal.core.log.stored import Head
from portal.core.log.triggers import LOG_ENTRIES, enqueue, no_longer_enqueue
from portal.core.models import AuditEvent

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def record(number: int = 0, kind: str = "request.submitted", subject: str = "request:req_a") -> AuditEvent:
    with transaction.atomic():
        return audit.record(kind, by="usr_a", subject=subject, now=NOW, n=number)


def sign(files: LogFiles, now: datetime = NOW) -> Head:
    with files.taken():
        return signer.one_round(files, keys.signer(), now)


@contextmanager
def owning_the_database() -> Iterator[None]:
    """The triggers are off, as whoever owns the database can take them off, and on again behind it."""
    run(*unprotect(connection, AUDIT_LOG[0]), *unprotect(connection, LOG_ENTRIES[0]))
    run(*no_longer_enqueue(connection))
    try:
        yield
    finally:
        run(*protect(connection, *AUDIT_LOG), *protect(connection, *LOG_ENTRIES), *enqueue(connection))


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
