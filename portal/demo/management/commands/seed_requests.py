"""`manage.py seed_requests`: thousands of invented people and requests, for trying and measuring the desk."""

import argparse
import time
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from licenses.models import Request
from portal.demo.crowd import Plan, seed


class Command(BaseCommand):
    help = "Fill an empty portal that is not for production with invented requests; the same seed, the same."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--requests", type=int, default=1_000)
        parser.add_argument("--people", type=int, default=200)
        parser.add_argument("--releases", type=int, default=10)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--until", type=datetime.fromisoformat, help="the last moment, UTC (default: now)"
        )
        parser.add_argument("--yes-this-is-not-production", action="store_true", dest="sure")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["sure"]:
            raise CommandError(
                "This writes invented people and requests that cannot be told from real ones and, because "
                "the log only grows, never be removed. Give --yes-this-is-not-production if that is meant."
            )
        if Request.objects.exists():
            raise CommandError("There are requests already. Seed an empty portal: give it a new database.")
        if min(options["requests"], options["people"], options["releases"]) < 1:
            raise CommandError("--requests, --people and --releases are at least 1.")
        until = options["until"] or datetime.now(UTC)
        plan = Plan(
            requests=options["requests"],
            people=options["people"],
            releases=options["releases"],
            now=until if until.tzinfo else until.replace(tzinfo=UTC),
            seed=options["seed"],
        )
        start = time.monotonic()
        seed(plan, self.stdout.write)
        self.stdout.write(f"Done in {time.monotonic() - start:.0f} s.")
