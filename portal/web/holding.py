"""What a person holds under a request, as pages say it: the state that counts now, and when it ended."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from django.utils import timezone

from licenses import states
from licenses.models import Grant
from portal.web.words import Word, word

EXPIRED: Final = "expired"
# Where one request gave several grants, what can still be used, or mended, is spoken of first.
_FIRST: Final = (states.ACTIVE, states.SUSPENDED, EXPIRED, states.REVOKED, states.CLOSED)


class Holding(NamedTuple):
    """grant: the one that is spoken of. state: its state, or "expired". several: there are others beside."""

    grant: Grant
    state: str
    several: bool

    @property
    def over(self) -> bool:
        """Nothing can be downloaded by it, now or ever."""
        return self.state != states.ACTIVE

    @property
    def reason(self) -> str:
        """Why it is in its state; that of a grant whose time is over tells of something earlier."""
        return self.grant.state_reason if self.over and self.state != EXPIRED else ""

    @property
    def said(self) -> Word:
        """The state, said where a request's own stands otherwise."""
        named = word("grant", self.state)
        return named._replace(text=f"Grant {named.text.lower()}")


def state_of(grant: Grant, now: datetime) -> str:
    """The state of a grant as people read it: one whose time is over is expired."""
    return EXPIRED if grant.state in states.LIVE_STATES and grant.ends_at <= now else grant.state


def ended_at(grant: Grant, now: datetime) -> datetime | None:
    """When the grant ended: taken away or closed, or its time over, whichever came first; None while it
    lasts."""
    if grant.state in states.LIVE_STATES:
        return grant.ends_at if grant.ends_at <= now else None
    return min(grant.ends_at, grant.state_at)


def holding_of(grants: Iterable[Grant], now: datetime | None = None) -> Holding | None:
    """What counts of a person's grants under one request; None where they have none."""
    at = now or timezone.now()
    held = sorted(grants, key=lambda grant: _FIRST.index(state_of(grant, at)))
    return Holding(held[0], state_of(held[0], at), len(held) > 1) if held else None
