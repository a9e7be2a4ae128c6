"""`manage.py demo`: the main job, end to end, on this machine; `--serve` keeps that portal open."""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from portal.demo import serve, story
from portal.demo.errors import DemoError
from portal.demo.place import Place, is_demo_process


class Command(BaseCommand):
    help = "Walk a gated release from a folder of weights to a recipient who proves that they work."
    # The demo's own process asks them. The first one has the settings of the portal in var/, whose faults are
    # not the demo's.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--serve", action="store_true", help="keep the demo's portal open in the browser")
        parser.add_argument("--folder", type=Path, help="where the demo lives (default: var/demo)")
        parser.add_argument("--port", type=int, help="loopback port (default: 8765, or a free one)")

    def handle(self, *args: Any, **options: Any) -> None:
        place = Place((options["folder"] or Path(settings.BASE_DIR) / "var" / "demo").resolve())
        if not is_demo_process():
            # A process of its own with the demo's settings: the portal in var/ stays untouched.
            environment = place.environment(port=options["port"], keep=options["serve"])
            os.execve(sys.executable, [sys.executable, *sys.argv], environment)  # noqa: S606
        self.check()
        # A plain kill and a closed terminal end the portal's processes too, as Ctrl-C does.
        for ending in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, signal.default_int_handler)
        with place.alone():
            try:
                serve.run(place) if options["serve"] else story.run(place)
            except DemoError as error:
                sys.exit(f"\nThe demo stopped: {error}\nThe logs are in {place.logs}.")
            except KeyboardInterrupt:
                sys.exit(130)
