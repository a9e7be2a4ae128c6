"""Two jobs that leave their traces in a file."""

import os
import signal
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.core import jobs

NOTE = "trial.note"
HANG_ONCE = "trial.hang_once"


def _append(path: Path, word: str) -> int:
    with path.open("a") as file:
        file.write(f"{word} {os.getpid()}\n")
    return len(path.read_text().splitlines())


@jobs.handler(NOTE)
def note(payload: dict[str, Any], now: datetime) -> None:
    _append(Path(payload["path"]), "noted")


@jobs.handler(HANG_ONCE, lease_s=3)
def hang_once(payload: dict[str, Any], now: datetime) -> None:
    """The first attempt never returns; its worker has to be killed."""
    if _append(Path(payload["path"]), "begun") == 1:
        signal.pause()
