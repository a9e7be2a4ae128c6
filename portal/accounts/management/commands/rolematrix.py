"""manage.py rolematrix: write docs/reference/roles.md from the matrix of capabilities."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.accounts.rolematrix import document

PAGE = Path("docs/reference/roles.md")


class Command(BaseCommand):
    help = f"Writes {PAGE} from the matrix of roles and capabilities."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail when the page is out of date"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        path: Path = settings.BASE_DIR / PAGE
        text = document()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            self.stdout.write(f"{PAGE} is current.")
        elif check:
            raise CommandError(f"{PAGE} is out of date. Run `make docs`.")
        else:
            path.write_text(text, encoding="utf-8")
            self.stdout.write(f"{PAGE} is written.")
