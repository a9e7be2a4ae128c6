"""What the database itself refuses to change: published revisions, their files, stored bodies, the ledger.

A published revision may still change its state and the reason for it, and a stored body the wrapping of its
key; nothing else of them moves. Whoever owns the database can drop triggers: they stop mistakes and injected
SQL, not the operator. A later migration that rebuilds one of these tables on SQLite has to protect it again.
"""

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from portal.core import append_only

LEDGER = ("weights_vault_ledgerentry", "id")
HEADER_ISSUES = ("weights_vault_headerissue", "id")  # the ledger until migration 0003


@dataclass(frozen=True)
class Frozen:
    """From when on (a condition on OLD) which columns of a table stand still; and whether rows stay."""

    table: str
    when: str
    columns: tuple[str, ...]
    kept: bool = True


FROZEN = (
    Frozen(
        "weights_vault_revision",
        "OLD.published_at IS NOT NULL",
        (
            "id",
            "release_id",
            "name",
            "sequence",
            "previous_id",
            "manifest",
            "manifest_sha256",
            "published_at",
        ),
    ),
    Frozen(
        "weights_vault_file",
        "EXISTS (SELECT 1 FROM weights_vault_revision"
        " WHERE id = OLD.revision_id AND published_at IS NOT NULL)",
        ("id", "revision_id", "path", "kind", "size", "sha256", "body_id", "tensors"),
    ),
    Frozen(
        "weights_vault_sealedbody",
        "OLD.state = 'stored'",
        ("id", "object_name", "state", "body_format", "nonce", "plain_size", "body_size", "parts"),
        kept=False,  # an unpublished one may go; a published one is held by its file
    ),
)


def protect(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that protect the tables."""
    return append_only.protect(connection, *LEDGER) + _freeze(connection)


def unprotect(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the statements that undo `protect`."""
    return append_only.unprotect(connection, LEDGER[0]) + _thaw(connection)


def _freeze(connection: BaseDatabaseWrapper) -> list[str]:
    write = _sqlite if connection.vendor == "sqlite" else _postgresql
    return [statement for frozen in FROZEN for statement in write(frozen)]


def _thaw(connection: BaseDatabaseWrapper) -> list[str]:
    statements = []
    for frozen in FROZEN:
        place = "" if connection.vendor == "sqlite" else f" ON {frozen.table}"
        statements.append(f"DROP TRIGGER {frozen.table}_no_change{place}")
        if frozen.kept:
            statements.append(f"DROP TRIGGER {frozen.table}_no_delete{place}")
        if connection.vendor != "sqlite":
            statements.append(f"DROP FUNCTION {frozen.table}_keep()")
    return statements


def _sqlite(frozen: Frozen) -> list[str]:
    table, refuse = frozen.table, f"SELECT RAISE(ABORT, '{frozen.table}: this row is final')"
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in frozen.columns)
    statements = [
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE ON {table} "
        f"WHEN {frozen.when} AND ({changed}) BEGIN {refuse}; END"
    ]
    if frozen.kept:
        statements.append(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"WHEN {frozen.when} BEGIN {refuse}; END"
        )
    return statements


def _postgresql(frozen: Frozen) -> list[str]:
    table = frozen.table
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in frozen.columns)
    each = f"ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_keep()"
    statements = [
        f"CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {frozen.when} THEN "
        f"IF TG_OP = 'DELETE' THEN RAISE EXCEPTION '{table}: this row is final'; "
        f"ELSIF {changed} THEN RAISE EXCEPTION '{table}: this row is final'; END IF; "
        "END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE {each}",
    ]
    if frozen.kept:
        statements.append(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE {each}")
    return statements


def protect_published(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step: from here on what is published stays what it is."""
    connection = schema_editor.connection
    _run(schema_editor, append_only.protect(connection, *HEADER_ISSUES) + _freeze(connection))


def unprotect_published(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step, backwards."""
    connection = schema_editor.connection
    _run(schema_editor, append_only.unprotect(connection, HEADER_ISSUES[0]) + _thaw(connection))


def protect_ledger(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step: from here on the ledger of deliveries only grows."""
    _run(schema_editor, append_only.protect(schema_editor.connection, *LEDGER))


def unprotect_ledger(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step, backwards."""
    _run(schema_editor, append_only.unprotect(schema_editor.connection, LEDGER[0]))


def protect_header_issues(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step, backwards: the ledger of single headers only grows again."""
    _run(schema_editor, append_only.protect(schema_editor.connection, *HEADER_ISSUES))


def unprotect_header_issues(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Migration step: lets the ledger of single headers go, once its rows stand in the new one."""
    _run(schema_editor, append_only.unprotect(schema_editor.connection, HEADER_ISSUES[0]))


def _run(schema_editor: BaseDatabaseSchemaEditor, statements: list[str]) -> None:
    for statement in statements:
        schema_editor.execute(statement)
