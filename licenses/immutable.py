"""License versions are for good: the database itself refuses to change, remove or replace one."""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from portal.core import append_only

TABLE, KEY = "licenses_licenseversion", "id"

# SQLite's INSERT OR REPLACE also removes a row that has the same license and number under another id.
_NO_RENUMBER = f"""
CREATE TRIGGER {TABLE}_no_renumber BEFORE INSERT ON "{TABLE}"
WHEN EXISTS (SELECT 1 FROM "{TABLE}" WHERE license_id = NEW.license_id AND number = NEW.number)
BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END
"""  # noqa: S608  (constants of ours)


def protect(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that protect the table."""
    statements = append_only.protect(connection, TABLE, KEY)
    return [*statements, _NO_RENUMBER] if connection.vendor == "sqlite" else statements


def unprotect(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that undo `protect`."""
    statements = append_only.unprotect(connection, TABLE)
    return [*statements, f"DROP TRIGGER {TABLE}_no_renumber"] if connection.vendor == "sqlite" else statements


def protect_license_versions(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step: from here on license versions are only added."""
    for statement in protect(schema_editor.connection):
        schema_editor.execute(statement)


def unprotect_license_versions(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step, backwards."""
    for statement in unprotect(schema_editor.connection):
        schema_editor.execute(statement)
