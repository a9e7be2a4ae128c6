"""manage.py rotate_master_key: every file key wrapped anew, while the portal serves."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from portal.core.keys import UnwrapRefused, master_key
from portal.core.management.base import DatabaseCommand
from portal.core.problems import Problem
from weights_vault import keeper
from weights_vault.management.reporting import as_command_error


class Command(DatabaseCommand):
    help = (
        "Wrap every file key anew by the first key of MASTER_KEY, in batches, while the portal serves. Put "
        "the new key first and restart the keeper before: MASTER_KEY=NEW,OLD. Stopped anywhere, it goes on "
        "when it is run again. Runs as the keeper's user."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--status", action="store_true", help="Change nothing; say what is left.")

    def handle(self, *args: Any, status: bool, **options: Any) -> None:
        try:
            name, done = master_key().name, 0
            if not status:
                for number in keeper.rewrap_in_batches(now=timezone.now()):
                    done += number
                    self.stdout.write(f"{done} file keys wrapped anew")
            waiting = keeper.waiting_for_rewrap()
        except Problem as problem:
            raise as_command_error(problem) from problem
        except (ImproperlyConfigured, UnwrapRefused) as error:
            raise CommandError(
                f"{error}.\n→ What was done is kept. Name every key that still opens something: NEW,OLD"
            ) from error
        self._tell(name, waiting)

    def _tell(self, name: str, waiting: int) -> None:
        if waiting:
            self.stdout.write(f"{waiting} file keys are not yet wrapped by {name}. Run this again.")
            return
        self.stdout.write(
            f"0 file keys are left: every one is wrapped by {name}. The old key may be taken out of "
            "MASTER_KEY once no publish runs that began before; keep it as long as backups from before now."
        )
