"""manage.py release apply FILE: make or change a release and its terms from a release file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from portal.accounts.principals import system_principal
from portal.core.problems import Problem
from weights_vault.actions.releases import apply_release
from weights_vault.management.reporting import as_command_error
from weights_vault.releases import read_release_file


class Command(BaseCommand):
    help = "Make or change a release and its terms from a release file (release.toml)."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        apply = verbs.add_parser("apply", help="Apply a release file; applying it again changes nothing.")
        apply.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            release, new = apply_release(
                file=read_release_file(file), by=system_principal("release"), now=timezone.now()
            )
        except Problem as problem:
            raise as_command_error(problem) from problem
        self.stdout.write(f"{'Made' if new else 'Updated'} {release.slug} ({release.state}).")
