"""manage.py publish FOLDER --release R --revision V: seal, test, sign and publish a folder of weights."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from portal.accounts.principals import system_principal
from portal.core.management.base import DatabaseCommand
from portal.core.problems import Problem
from weights_vault.actions.publish import publish_folder
from weights_vault.ingest.progress import on_terminal
from weights_vault.management.reporting import as_command_error
from weights_vault.models import Release, Revision
from weights_vault.storage.port import StorageError


class Command(DatabaseCommand):
    help = (
        "Seal, test, sign and publish a folder as a revision of a release. Run again to go on after a stop."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--release", required=True, help="Slug of the release (manage.py release apply).")
        parser.add_argument("--revision", required=True, help="Name of the new revision, such as v1.")
        parser.add_argument(
            "--exclude",
            action="append",
            default=[],
            metavar="PATTERN",
            help="Paths to leave out; repeatable.",
        )

    def handle(
        self, *args: Any, folder: Path, release: str, revision: str, exclude: list[str], **options: Any
    ) -> None:
        found = Release.objects.filter(slug=release).first()
        if found is None:
            raise CommandError(
                f"There is no release {release}.\n→ Make it first: manage.py release apply FILE"
            )
        try:
            with on_terminal() as progress:
                published, new = publish_folder(
                    release=found,
                    name=revision,
                    folder=folder,
                    by=system_principal("publish"),
                    clock=timezone.now,
                    progress=progress,
                    exclude=exclude,
                )
        except Problem as problem:
            raise as_command_error(problem) from problem
        except StorageError as error:
            raise CommandError(
                f"The store is at fault: {error}\n"
                "→ What is in it so far is kept. Mend it, then run the same command again to go on."
            ) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped.\n→ Run the same command again to go on.", returncode=130) from None
        self._report(published, new)

    def _report(self, revision: Revision, new: bool) -> None:
        what = "Published" if new else "Published before, from the same files:"
        size = f"{revision.files.count()} files, {revision.size:,} bytes"
        self.stdout.write(f"{what} {revision}, number {revision.sequence}: {size}.")
        self.stdout.write(f"Manifest SHA-256 {revision.manifest_sha256}")
