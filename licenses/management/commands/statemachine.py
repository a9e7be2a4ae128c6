"""manage.py statemachine: write docs/reference/states.md from the transition tables."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from licenses.statemachine import document

PAGE = Path("docs/reference/states.md")


class Command(BaseCommand):
    help = f"Writes {PAGE} from the transition tables and the rule of access."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail when the page is out of date"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        path: Path = settings.BASE_DIR / PAGE
        text = document()
        current = path.read_text(encoding="utf-8") if path.exists() else ""
        if current == text:
            self.stdout.write(f"{PAGE} is current.")
        elif check:
            raise CommandError(f"{PAGE} is out of date. Run `make docs`.")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            self.stdout.write(f"{PAGE} is written.")
