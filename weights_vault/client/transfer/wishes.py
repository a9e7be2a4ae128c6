"""What a person asks of a download, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Wishes:
    """What the person asked for.

    include: globs, () for all files. jobs: connections at once, None for as many as do good. limit_rate:
    bytes a second, None for no limit. group: the folder's group may read it. suspects: ids of finished files
    to hash whatever the journal says (repair).
    """

    folder: Path
    include: tuple[str, ...] = ()
    jobs: int | None = None
    keep_sealed: bool = False
    limit_rate: int | None = None
    group: bool = False
    suspects: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Summary:
    """What a download did. Sizes in bytes; fetched and again are sealed bytes of this run, seconds what
    fetching took.

    damaged: parts mended. again_by: bytes that came twice, by reason. retries: how often something was tried
    again, by reason. waited_s: how long the store was waited for. complete: the whole release is in.
    news: this run completed something. earlier: the revision that was in the folder before, if another.
    left: files of it that were changed here, and were left.
    """

    folder: Path
    files: int
    size: int
    fetched: int
    again: int
    damaged: int
    seconds: float
    complete: bool
    again_by: Mapping[str, int] = field(default_factory=dict)
    retries: Mapping[str, int] = field(default_factory=dict)
    waited_s: float = 0.0
    news: bool = True
    earlier: str | None = None
    left: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Bytes fetched a second."""
        return self.fetched / self.seconds if self.seconds > 0 else 0.0
