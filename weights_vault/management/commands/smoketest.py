"""manage.py smoketest FOLDER --record: record a folder's reference; or test a folder or what is published."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from portal.accounts.principals import system_principal
from portal.core.management.base import DatabaseCommand
from portal.core.problems import Problem
from weights_vault.gate import Report, gate_report, run_worker
from weights_vault.ingest.kinds import REFERENCE_PATHS
from weights_vault.management.reporting import as_command_error
from weights_vault.models import Release, Revision
from weights_vault.queries import revision_for
from weights_vault.sealed.manifest import encode_manifest
from weights_vault.statement import describe_revision
from weights_vault.storage.port import StorageError

FAILED = 8  # the exit code of a failed smoke test, as in the `weights` command


class Command(DatabaseCommand):
    help = "Record the smoke test's reference of a folder, or test a folder, or a published revision."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", metavar="RELEASE[@REVISION]|FOLDER")
        parser.add_argument("--record", action="store_true", help="Record the reference of a folder.")
        parser.add_argument("--json", action="store_true", help="Print the whole report as JSON.")

    def handle(self, *args: Any, subject: str, record: bool, **options: Any) -> None:
        try:
            report = self._run(subject, record)
        except Problem as problem:
            raise as_command_error(problem) from problem
        except StorageError as error:
            raise CommandError(f"The store is at fault: {error}\n→ Mend it, then run this again.") from error
        self._print(report, options["json"])
        if report["verdict"] != "passed":
            raise CommandError("The smoke test failed.", returncode=FAILED)
        if record:
            self.stdout.write(f"Recorded {' and '.join(REFERENCE_PATHS)}; publish the folder with them.")

    def _run(self, subject: str, record: bool) -> Report:
        folder = Path(subject)
        if folder.is_dir():
            action = "record" if record else "folder"
            return run_worker({"action": action, "folder": str(folder.resolve())})
        if record:
            raise CommandError(f"{subject} is not a folder.\n→ A reference is recorded before publishing.")
        revision = self._revision(subject)
        return gate_report(
            revision=revision,
            manifest=encode_manifest(describe_revision(revision)),
            by=system_principal("smoketest"),
            now=timezone.now(),
            run=run_worker,
        )

    def _revision(self, subject: str) -> Revision:
        slug, _, name = subject.partition("@")
        release = Release.objects.filter(slug=slug).first()
        revision = revision_for(release, name or None) if release is not None else None
        if revision is None:
            raise CommandError(f"{subject} is neither a folder nor a published revision.\n→ Check the name.")
        return revision

    def _print(self, report: Report, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(report, indent=2))
            return
        for level in report.get("levels", []):
            self.stdout.write(f"{level['level']}: {level['verdict']}")
            for problem in level.get("problems", []):
                self.stdout.write(f"  {problem.get('where', '')}: {problem.get('detail', '')}")
        self.stdout.write(f"verdict: {report['verdict']}")
