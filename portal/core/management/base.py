"""What the portal's own commands share: an end in words where settings or the database do not serve them."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, OperationalError

from portal.core.schema import MIGRATE, waiting_migrations
from portal.core.secrecy import redact


class DatabaseCommand(BaseCommand):
    """A command that reads or changes rows. Errors of the database that nobody foresaw stay tracebacks;
    a setting that is missing or wrong is the operator's to mend, and is said.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            said = _in_words(error)
            if said is None:
                raise
            raise CommandError(said) from error


def _in_words(error: DatabaseError) -> str | None:
    """What happened and what to do; None where the error is a mistake of ours."""
    try:
        waiting = waiting_migrations()
    except DatabaseError:
        waiting = 0
    if waiting:
        return f"The database is not up to date: {waiting} migrations are not applied.\n→ {MIGRATE}"
    if isinstance(error, OperationalError):
        reason = " ".join(redact(str(error)).split()) or "no reason given"
        return f"The database could not do this: {reason}\n→ Run: python manage.py doctor"
    return None
