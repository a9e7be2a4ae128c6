"""manage.py rotate_master_key: every file key wrapped anew, while the portal serves."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from portal.core.keys import master_key
from portal.core.keys.master import sources
from portal.core.management.base import DatabaseCommand
from portal.core.problems import Problem
from weights_vault import keeper
from weights_vault.management.reporting import as_command_error

LISTED = 20  # bodies whose keys do not open, by name


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
            name = master_key().name
            refused = 0 if status else self._rewrap()
            waiting = keeper.waiting_for_rewrap()
        except Problem as problem:
            raise as_command_error(problem) from problem
        if refused:
            raise CommandError(
                f"{refused} file keys were left as they are; {waiting - refused} more wait.\n"
                "→ What was done is kept. Name every key that still opens something: MASTER_KEY=NEW,OLD. "
                "What no key opens was changed in the database: take that row's wrapped_key from a backup."
            )
        self._tell(f"{sources()[0]} ({name})", waiting)

    def _rewrap(self) -> int:
        """Returns: how many file keys no key opens."""
        done = refused = 0
        for batch in keeper.rewrap_in_batches(now=timezone.now()):
            done += batch.done
            if batch.done:
                self.stdout.write(f"{done} file keys wrapped anew")
            for body, reason in batch.refused[: max(0, LISTED - refused)]:
                self.stderr.write(f"{body}: {reason}")
            refused += len(batch.refused)
        return refused

    def _tell(self, name: str, waiting: int) -> None:
        if waiting:
            self.stdout.write(f"{waiting} file keys are not yet wrapped by {name}. Run this again.")
            return
        self.stdout.write(
            f"0 file keys are left: every one is wrapped by {name}, which MASTER_KEY names first."
        )
        for old in sources()[1:]:
            self.stdout.write(
                f"{old} may be taken out of MASTER_KEY once no publish runs that began before; keep it as "
                "long as backups from before now."
            )
