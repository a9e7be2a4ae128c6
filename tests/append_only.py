"""Lets tests with real transactions empty the append-only tables behind them, which nothing else may do."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from django.core.management.color import Style
from django.db import connection
from django.test import TransactionTestCase

from licenses import immutable
from portal.core.append_only import AUDIT_LOG, protect, unprotect
from portal.core.log.triggers import LOG_ENTRIES
from weights_vault import immutable as vault_immutable

_flush = TransactionTestCase._fixture_teardown


@contextmanager
def unprotected() -> Iterator[None]:
    with connection.cursor() as cursor:
        for statement in [
            *unprotect(connection, AUDIT_LOG[0]),
            *unprotect(connection, LOG_ENTRIES[0]),
            *immutable.unprotect(connection),
            *vault_immutable.unprotect(connection),
        ]:
            cursor.execute(statement)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for statement in [
                *protect(connection, *AUDIT_LOG),
                *protect(connection, *LOG_ENTRIES),
                *immutable.protect(connection),
                *vault_immutable.protect(connection),
            ]:
                cursor.execute(statement)


def _deletes(style: Style, tables: Sequence[str], **options: bool) -> list[str]:
    """In place of PostgreSQL's TRUNCATE, which makes each table and index anew, whatever it holds."""
    statements = [f"DELETE FROM {connection.ops.quote_name(table)};" for table in tables]  # noqa: S608
    return ["".join(statements)] if connection.vendor == "postgresql" else statements


def _flush_unprotected(self: TransactionTestCase) -> None:
    with unprotected(), patch.object(connection.ops, "sql_flush", _deletes):
        _flush(self)


TransactionTestCase._fixture_teardown = _flush_unprotected
