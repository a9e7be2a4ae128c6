"""Triggers that make a table append-only in the database itself, on SQLite and on PostgreSQL.

On SQLite, "INSERT OR REPLACE" deletes without firing delete triggers, so an insert over an existing key is
refused too. On PostgreSQL, TRUNCATE has a trigger of its own. Whoever owns the database can drop triggers:
they stop mistakes and injected SQL, not the operator.
"""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

AUDIT_LOG = ("core_auditevent", "index")

_SQLITE = {
    "update": "BEFORE UPDATE ON {table}",
    "delete": "BEFORE DELETE ON {table}",
    "replace": "BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})",
}


def protect(connection: BaseDatabaseWrapper, table: str, key: str) -> list[str]:
    """Return the statements that make `table`, with primary key column `key`, append-only."""
    quoted, quoted_key = (connection.ops.quote_name(name) for name in (table, key))
    if connection.vendor == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{name} {event.format(table=quoted, key=quoted_key)} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for name, event in _SQLITE.items()
        ]
    return [
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {quoted} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {quoted} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
    ]


def unprotect(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """Return the statements that undo `protect`."""
    if connection.vendor == "sqlite":
        return [f"DROP TRIGGER {table}_no_{name}" for name in _SQLITE]
    quoted = connection.ops.quote_name(table)
    return [
        f"DROP TRIGGER {table}_no_truncate ON {quoted}",
        f"DROP TRIGGER {table}_no_change ON {quoted}",
        f"DROP FUNCTION {table}_refuse()",
    ]


def protect_audit_log(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step: from here on the audit log only grows."""
    for statement in protect(schema_editor.connection, *AUDIT_LOG):
        schema_editor.execute(statement)


def unprotect_audit_log(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step, backwards."""
    for statement in unprotect(schema_editor.connection, AUDIT_LOG[0]):
        schema_editor.execute(statement)
