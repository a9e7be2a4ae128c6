"""What accounts tell other apps, in the same transaction (`portal.core.events`)."""

from dataclasses import dataclass
from datetime import datetime

from portal.accounts.models import Organization, User


@dataclass(frozen=True)
class DetailsCorrected:
    """A person changed what they say about themselves. fields: of full_name, organization, country."""

    user: User
    fields: tuple[str, ...]
    now: datetime


@dataclass(frozen=True)
class AffiliationEnded:
    """What said that a person is of an organization changed: their organization, or their address.

    Whether another address still confirms it is for whoever hears this to ask.
    """

    user: User
    now: datetime


@dataclass(frozen=True)
class DomainsRemoved:
    """An organization lost mail domains: its people there are confirmed no longer."""

    organization: Organization
    now: datetime


@dataclass(frozen=True)
class GrantNamed:
    """Somebody wants a token for one grant: who keeps grants adds it to `found` where it is theirs."""

    grant: str
    user: User
    found: list[str]


@dataclass(frozen=True)
class Bar:
    """What stands in the way of an erasure. said: a sentence for its owner. path: the page to end it on."""

    said: str
    path: str


@dataclass(frozen=True)
class ErasureAsked:
    """Somebody wants to have erased what is theirs: who still needs it adds to `bars` why."""

    user: User
    now: datetime
    bars: list[Bar]


@dataclass(frozen=True)
class AccountWanted:
    """An account is about to be locked and changed, with what is theirs: who changes rows that come before an
    account in the order of locks (`presence`) locks these now.

    addresses: every mail address that it has, lower case.
    """

    user: User
    addresses: frozenset[str]


@dataclass(frozen=True)
class PersonErased:
    """A person is being erased: each app erases its part of what speaks of them.

    addresses: every verified mail address they had, lower case. stand_in: what stands in the place of theirs
    from now on.
    """

    user: User
    addresses: frozenset[str]
    stand_in: str
    by: str
    now: datetime
