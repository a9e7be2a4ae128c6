"""Where the log stands now, for people: how large its tree is, what was signed when and by whom."""

from dataclasses import dataclass
from datetime import datetime

from portal.core.log.health import waited
from portal.core.log.keys import verifiers
from portal.core.log.proofs import newest_checkpoint
from portal.core.log.stored import log_size
from portal.core.log.witnesses import configured, cosigned
from portal.core.models import LogCheckpoint


@dataclass(frozen=True)
class LogStanding:
    """size: entries with a place. head: the newest signed one; None: nothing is signed. waiting, behind_s:
    how many events have no place yet, and for how many seconds the oldest has waited. keys: the log's vkeys,
    the one that signs first. witnesses: name → whether it cosigned the head."""

    size: int
    head: LogCheckpoint | None
    waiting: int
    behind_s: int
    keys: tuple[str, ...]
    witnesses: dict[str, bool]


def standing(now: datetime) -> LogStanding:
    """Raises: ImproperlyConfigured: nobody set the log's public key."""
    head, (count, age) = newest_checkpoint(), waited(now)
    signed = set(cosigned(head)) if head else set()
    names = [witness.key.name for witness in configured()]
    return LogStanding(
        size=log_size(),
        head=head,
        waiting=count,
        behind_s=max(0, int(age.total_seconds())),
        keys=tuple(each.text for each in verifiers()),
        witnesses={name: name in signed for name in names},
    )
