"""What the vault tells the apps above it, in the same transaction (`portal.core.events`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.accounts.models import TwoPersonChange
from weights_vault.models import RecipientKey, Release, Revision


@dataclass(frozen=True)
class ReleaseApplied:
    """A release file was applied. `folder` is where it stands: paths in `terms` are relative to it.

    waits: told back by who handles the terms: changes that a second person has to confirm.
    """

    release: Release
    terms: Mapping[str, Any]
    folder: Path
    by: str
    now: datetime
    waits: list[TwoPersonChange] = field(default_factory=list)


@dataclass(frozen=True)
class RevisionPublished:
    revision: Revision
    by: str
    now: datetime


@dataclass(frozen=True)
class RevisionWithdrawn:
    """The revision is quarantined or withdrawn: its state says which."""

    revision: Revision
    reason: str
    by: str
    now: datetime


@dataclass(frozen=True)
class RevisionRestored:
    """A quarantined revision is published again."""

    revision: Revision
    reason: str
    by: str
    now: datetime


@dataclass(frozen=True)
class KeyEnrolled:
    key: RecipientKey
    by: str
    now: datetime


@dataclass(frozen=True)
class KeyRemoved:
    key: RecipientKey
    by: str
    now: datetime
