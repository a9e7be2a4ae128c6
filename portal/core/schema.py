"""Is the database as the code expects it: what to say where its migrations are not applied."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

MIGRATE = "Run: python manage.py migrate"


def waiting_migrations() -> int:
    """Return how many migrations are not applied. Raises: DatabaseError: the database cannot be asked."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
