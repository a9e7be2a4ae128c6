"""What the database itself does for the log: each event waits for a place, and a place is never changed.

The trigger fires for each row, however it was written: one by one, in bulk, or by SQL. The row it adds stands
or falls with the event's transaction.
"""

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from portal.core.append_only import protect, unprotect

LOG_ENTRIES = ("core_logentry", "position")
_ENQUEUE = "core_auditevent_enqueue"


def enqueue(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that let each new event wait in core_logpending."""
    if connection.vendor == "sqlite":
        return [
            f'CREATE TRIGGER {_ENQUEUE} AFTER INSERT ON "core_auditevent" '
            'BEGIN INSERT INTO "core_logpending" ("event") VALUES (NEW."index"); END'
        ]
    return [
        f"CREATE FUNCTION {_ENQUEUE}() RETURNS trigger LANGUAGE plpgsql AS "
        '$$ BEGIN INSERT INTO "core_logpending" ("event") VALUES (NEW."index"); RETURN NULL; END $$',
        f'CREATE TRIGGER {_ENQUEUE} AFTER INSERT ON "core_auditevent" '
        f"FOR EACH ROW EXECUTE FUNCTION {_ENQUEUE}()",
    ]


def no_longer_enqueue(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that undo `enqueue`."""
    if connection.vendor == "sqlite":
        return [f"DROP TRIGGER {_ENQUEUE}"]
    return [f'DROP TRIGGER {_ENQUEUE} ON "core_auditevent"', f"DROP FUNCTION {_ENQUEUE}()"]


def install(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step: events of before wait for their places, and every one from here on."""
    connection = schema_editor.connection
    old = 'INSERT INTO "core_logpending" ("event") SELECT "index" FROM "core_auditevent"'
    for statement in [old, *enqueue(connection), *protect(connection, *LOG_ENTRIES)]:
        schema_editor.execute(statement)


def remove(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step, backwards. The tree goes: it is built again from the events."""
    connection = schema_editor.connection
    emptied = [f'DELETE FROM "{table}"' for table in ("core_logentry", "core_logpending", "core_logtile")]
    steps = [*unprotect(connection, LOG_ENTRIES[0]), *no_longer_enqueue(connection), *emptied]
    for statement in steps:
        schema_editor.execute(statement)
