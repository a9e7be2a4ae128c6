"""manage.py rotate_signing_key ROLE: a new signing key, with a time in which both are listed."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from portal.core import audit
from portal.core.keys import rotation
from portal.core.keys.ring import Ring
from portal.core.keys.signing import SINCE_EVER, private_ring
from portal.core.management.base import DatabaseCommand
from portal.core.problems import Problem
from weights_vault import heads, trust
from weights_vault.management.reporting import as_command_error
from weights_vault.models import Release
from weights_vault.sealed.trust import ROLES

AFTER = {
    "head": "Nothing is left to do: heads by the new key follow by themselves.",
    "manifest": "Manifests do not end: the earlier key stays listed until you drop it with --drop KEY.",
    "countersign": "Countersignatures do not end: the earlier key stays listed until you drop it (--drop).",
}


class Command(DatabaseCommand):
    help = (
        "Make a new signing key of a role. It is listed at once and signs an hour later, so that nobody "
        "meets a signature of a key they were not told of. Runs as the keeper's user."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", choices=rotation.ROTATED)
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--list", action="store_true", help="Change nothing; show the keys of the role.")
        what.add_argument("--drop", metavar="KEY", help="List an earlier key no more (its id's beginning).")
        what.add_argument(
            "--compromised",
            action="store_true",
            help="Somebody else has the key: the new one signs at once, and what it signed is refused.",
        )

    def handle(self, *args: Any, role: str, drop: str | None, compromised: bool, **options: Any) -> None:
        now = timezone.now()
        try:
            if not options["list"]:
                with transaction.atomic():  # the ring last: what cannot be recorded does not happen
                    self._record(role, dropped=drop is not None, compromised=compromised)
                    changed = (
                        rotation.drop(role, drop, now)
                        if drop is not None  # "" of an empty variable names no key, and makes none
                        else rotation.rotate(role, now, compromised=compromised)
                    )
                self._sign(role, at_once=compromised)
            else:
                changed = private_ring(*ROLES)
        except Problem as problem:
            raise as_command_error(problem) from problem
        except (ImproperlyConfigured, OSError) as error:
            raise CommandError(str(error)) from error
        self._tell(changed, role)
        if not options["list"] and not drop:
            self.stdout.write(AFTER[role])

    def _record(self, role: str, *, dropped: bool, compromised: bool) -> None:
        audit.record(
            "signing_key.changed",
            by="system:keys",
            subject=f"signing_key:{role}",
            now=timezone.now(),
            dropped=dropped,
            compromised=compromised,
        )

    def _sign(self, role: str, *, at_once: bool) -> None:
        trust.sign(timezone.now())
        if role == "head" and at_once:
            for release in Release.objects.filter(revisions__sequence__isnull=False).distinct():
                heads.sign(release, timezone.now())

    def _tell(self, ring: Ring, role: str) -> None:
        now = timezone.now()
        for entry in ring.listed(role, now):
            first = entry.signs_from == SINCE_EVER
            since = "signs from the first day on" if first else f"signs from {_told(entry.signs_from)} on"
            until = f", listed until {_told(entry.listed_until)}" if entry.listed_until else ""
            signing = " (signs now)" if entry == ring.signing(role, now) else ""
            self.stdout.write(f"{entry.public.keyid[:16]}  {since}{until}{signing}")


def _told(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "no day yet"
