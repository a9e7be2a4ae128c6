"""manage.py rotate_root: the root key's successor, announced and then put in its place."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from portal.core import audit, keys
from portal.core.keys import rotation
from portal.core.management.base import DatabaseCommand
from portal.core.problems import Problem
from weights_vault import trust
from weights_vault.management.reporting import as_command_error
from weights_vault.sealed.trust import fingerprint


class Command(DatabaseCommand):
    help = (
        "Replace the root key in two steps: --announce names the next one in the trust document; --take-over "
        "has it sign, for 60 days together with the one before it. Recipients follow by themselves. Runs as "
        "the keeper's user."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        step = parser.add_mutually_exclusive_group(required=True)
        step.add_argument("--announce", action="store_true")
        step.add_argument("--take-over", action="store_true")

    def handle(self, *args: Any, announce: bool, **options: Any) -> None:
        now = timezone.now()
        try:
            with transaction.atomic():  # the ring last: what cannot be recorded does not happen
                kind = "root.announced" if announce else "root.taken_over"
                audit.record(kind, by="system:keys", subject="signing_key:root", now=now)
                (rotation.announce_root if announce else rotation.root_takes_over)(now)
            trust.sign(timezone.now())
        except Problem as problem:
            raise as_command_error(problem) from problem
        except (ImproperlyConfigured, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The root is {keys.root_fingerprint()}")
        coming = keys.next_root()
        if coming is not None:
            self.stdout.write(f"The next root will be {fingerprint(coming)}")
            self.stdout.write(
                "Publish that fingerprint where people can compare it, then: rotate_root --take-over"
            )
        else:
            self.stdout.write(
                "Publish this fingerprint where people can compare it. Keep the old key file for 60 days: "
                "both sign the trust document until then."
            )
