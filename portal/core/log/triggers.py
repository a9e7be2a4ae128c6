"""What the database itself does for the log: each event waits for a place, and a place is never changed.

The trigger fires for each row, however it was written: one by one, in bulk, or by SQL. The row it adds stands
or falls with the event's transaction.
"""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from portal.core.append_only import protect, unprotect

LOG_ENTRIES = ("core_logentry", "position")
_NAME = "core_auditevent_enqueue"
_ADD = 'BEGIN INSERT INTO "core_logpending" ("event") VALUES (NEW."index");'
_OLD = 'INSERT INTO "core_logpending" ("event") SELECT "index" FROM "core_auditevent"'
_EMPTIED = ('DELETE FROM "core_logentry"', 'DELETE FROM "core_logpending"', 'DELETE FROM "core_logtile"')


def enqueue(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that let each new event wait in core_logpending."""
    created = f'CREATE TRIGGER {_NAME} AFTER INSERT ON "core_auditevent"'
    if connection.vendor == "sqlite":
        return [f"{created} {_ADD} END"]
    return [
        f"CREATE FUNCTION {_NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ {_ADD} RETURN NULL; END $$",
        f"{created} FOR EACH ROW EXECUTE FUNCTION {_NAME}()",
    ]


def no_longer_enqueue(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that undo `enqueue`."""
    if connection.vendor == "sqlite":
        return [f"DROP TRIGGER {_NAME}"]
    return [f'DROP TRIGGER {_NAME} ON "core_auditevent"', f"DROP FUNCTION {_NAME}()"]


def install(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step: events of before wait for their places, and every one from here on."""
    connection = schema_editor.connection
    for statement in [_OLD, *enqueue(connection), *protect(connection, *LOG_ENTRIES)]:
        schema_editor.execute(statement)


def remove(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step, backwards. The tree goes: it is built again from the events."""
    connection = schema_editor.connection
    steps = [*unprotect(connection, LOG_ENTRIES[0]), *no_longer_enqueue(connection), *_EMPTIED]
    for statement in steps:
        schema_editor.execute(statement)
