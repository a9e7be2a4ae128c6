"""manage.py scrub RELEASE[@REVISION] [--now]: is what the store holds what was signed?

Without --now, what the scrubber knows; with it, every stored body is read at once. Exit status: 0 all is
sound as far as it was read, 1 something is damaged, 2 the store could not be read.
"""

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from portal.core.management.base import DatabaseCommand
from weights_vault.models import BodyCheck, File, Revision
from weights_vault.scrub.due import IN_USE
from weights_vault.scrub.findings import parts_text
from weights_vault.scrub.rounds import check_revision
from weights_vault.sealed.errors import SealedError
from weights_vault.storage.port import StorageError

DAMAGED, UNREADABLE = 1, 2
_ROW = "{:<28} {:>18}  {:<20}  {}"


class Command(DatabaseCommand):
    help = "Show, or check now, whether the store holds what was signed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("named", metavar="RELEASE[@REVISION]")
        parser.add_argument("--now", action="store_true", help="Read every stored body at once.")

    def handle(self, *args: Any, named: str, now: bool, **options: Any) -> None:
        damaged = False
        for revision in _revisions(named):
            self.stdout.write(f"{revision} ({revision.state})")
            self.stdout.write(_ROW.format("FILE", "BYTES IN THE STORE", "READ (UTC)", "FOUND"))
            for file, check in self._checked(revision) if now else _known(revision):
                self.stdout.write(_line(file, check))
                damaged = damaged or bool(check and check.finding)
        if damaged:
            self.stdout.write("→ Put the same bytes back into the store and run this with --now.")
            sys.exit(DAMAGED)

    def _checked(self, revision: Revision) -> Iterator[tuple[File, BodyCheck]]:
        files = {file.body_id: file for file in _files(revision)}
        try:
            for body, check in check_revision(revision, timezone.now):
                yield files[body.pk], check
        except StorageError as error:
            said = f"The store cannot be read: {error}\n→ Mend it, then run this again. Nothing was recalled."
            raise CommandError(said, returncode=UNREADABLE) from error
        except SealedError as error:
            said = f"The signed manifest of {revision} cannot be read: {error}\n→ Run: manage.py doctor"
            raise CommandError(said, returncode=UNREADABLE) from error


def _revisions(named: str) -> list[Revision]:
    slug, at, name = named.partition("@")
    found = Revision.objects.filter(release__slug=slug, state__in=IN_USE).select_related("release")
    chosen = list((found.filter(name=name) if at else found).defer("manifest").order_by("-sequence"))
    if not chosen:
        raise CommandError(
            f"Of {named} nothing is published or quarantined.\n→ Name it as RELEASE or RELEASE@REVISION."
        )
    return chosen


def _files(revision: Revision) -> list[File]:
    return list(revision.files.select_related("body__check_row").defer("tensors").order_by("path"))


def _known(revision: Revision) -> Iterator[tuple[File, BodyCheck | None]]:
    for file in _files(revision):
        yield file, getattr(file.body, "check_row", None)


def _line(file: File, check: BodyCheck | None) -> str:
    read = _day(check.checked_at if check else None)
    return _ROW.format(file.path, f"{file.body.body_size:,}", read, _found(check))


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else "never in whole"


def _found(check: BodyCheck | None) -> str:
    if check is None or not (check.checked_at or check.finding):
        return "not read yet"
    if check.finding == BodyCheck.Finding.ROTTED:
        return f"damaged: {parts_text(check)}"
    return check.get_finding_display().lower()
