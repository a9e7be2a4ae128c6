"""A publish in a process of its own that stops at every step until it is told to go on, so that a test can
kill it exactly there.

Usage: python -m tests.integration.vault.publish_process RELEASE FOLDER REVISION
Writes one line a step and waits for a line after each.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402

from portal.accounts.principals import system_principal  # noqa: E402
from tests.unit.vault.fakes import passes  # noqa: E402
from weights_vault.actions import publish, seal  # noqa: E402
from weights_vault.ingest.progress import SilentProgress  # noqa: E402
from weights_vault.models import Release  # noqa: E402
from weights_vault.storage.file_writer import FileWriter  # noqa: E402


def step(name: str) -> None:
    print(name, flush=True)
    sys.stdin.readline()


class SteppingProgress(SilentProgress):
    def begin(self, path: str, size: int, verb: str) -> None:
        self._path = path
        step(f"begin {path}")

    def advance(self, size: int) -> None:
        step(f"part {self._path}")


def stepping(module: Any, name: str, before: str = "", after: str = "") -> None:
    """Make a function stop before it begins or after it is done."""
    real: Callable[..., Any] = getattr(module, name)

    def function(*arguments: Any, **named: Any) -> Any:
        if before:
            step(before)
        result = real(*arguments, **named)
        if after:
            step(after)
        return result

    setattr(module, name, function)


def gate(job: Mapping[str, Any]) -> dict[str, Any]:
    step("gate")
    return passes(job)


def main() -> None:
    slug, folder, revision = sys.argv[1:]
    stepping(seal, "_finish", after="row stored")
    stepping(FileWriter, "commit", before="object written", after="object committed")
    stepping(publish, "gate_revision", after="gated")
    stepping(publish, "renew_head", before="inside the publishing transaction")
    publish.publish_folder(
        release=Release.objects.get(slug=slug),
        name=revision,
        folder=Path(folder),
        by=system_principal("publish"),
        clock=timezone.now,
        progress=SteppingProgress(),
        run=gate,
    )
    step("published")


main()
