"""A publish in a process of its own that stops at every step until it is told to go on, so that a test can
kill it exactly there.

Usage: python -m tests.integration.vault.publish_process RELEASE FOLDER REVISION
Writes one line a step and waits for a line after each. What reaches the store is noted in the file PUTS.
"""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402

from portal.accounts.principals import system_principal  # noqa: E402
from tests.integration.vault.puts import WRITERS, Puts, watch_puts  # noqa: E402
from tests.unit.vault.fakes import passes  # noqa: E402
from weights_vault import heads  # noqa: E402
from weights_vault.actions import publish, seal  # noqa: E402
from weights_vault.ingest.progress import SilentProgress  # noqa: E402
from weights_vault.ingest.under_way import BodyRecord  # noqa: E402
from weights_vault.models import Release  # noqa: E402
from weights_vault.sealed.body import PLAIN_PART_SIZE  # noqa: E402

_one_at_a_time = threading.Lock()


def step(name: str) -> None:
    with _one_at_a_time:  # pieces are put by several threads
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


def step_at_every_put(puts: Puts) -> None:
    """Of files of several parts; the others have one piece, and steps of their own."""

    def before(object_name: str, number: int, data: memoryview) -> None:
        several = number > 0 or data.nbytes > PLAIN_PART_SIZE
        if several:
            step("put begun")
        puts.note(object_name, number, data)
        if several:
            step("put known")

    watch_puts(before)


def gate(job: Mapping[str, Any]) -> dict[str, Any]:
    step("gate")
    return passes(job)


def main() -> None:
    slug, folder, revision = sys.argv[1:]
    stepping(seal, "_finish", after="row stored")
    stepping(BodyRecord, "keep", before="pinning", after="pinned")
    for writer in WRITERS:
        stepping(writer, "commit", before="object written", after="object committed")
    step_at_every_put(Puts(Path(os.environ["PUTS"])))
    stepping(publish, "gate_revision", after="gated")
    stepping(heads, "sign", before="inside the publishing transaction")
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
