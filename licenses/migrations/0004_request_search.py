"""The index of full-text search, on PostgreSQL alone; SQLite reads the texts. See licenses/queries/search.py."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

INDEX = (
    "CREATE INDEX request_search ON licenses_request "
    "USING gin (array_to_tsvector(string_to_array(search_text, ' ')))"
)


def make_index(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(INDEX)


def drop_index(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX request_search")


class Migration(migrations.Migration):
    dependencies = [("licenses", "0003_life")]

    operations = [migrations.RunPython(make_index, drop_index)]
