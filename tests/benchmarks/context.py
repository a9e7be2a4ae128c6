"""What every group of rows is told: how much, how often, and where to say how it goes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

PYTHON = sys.executable


def tell(text: str) -> None:
    """A line of progress, kept off standard output."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Context:
    """size: bytes that a row moves. runs: how often each contestant takes its turn. kills: of `resume`."""

    size: int
    runs: int
    kills: int = 100
    say: Callable[[str], None] = tell
