"""Everything that programs act with in a person's name, as one list for its owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from licenses import queries
from portal.accounts.models import AccessToken, Device
from portal.accounts.principals import Principal
from portal.accounts.scopes import WORDS
from portal.core import times


@dataclass(frozen=True)
class Acting:
    """One device or token. state: a word of `portal.web.words`. end: what ends it, "" where it has."""

    kind: str
    name: str
    note: str
    state: str
    may: Sequence[str]
    only: str
    made_at: datetime
    ends_at: datetime
    used_at: datetime | None
    address: str
    end: str


def acting_for(principal: Principal, now: datetime) -> list[Acting]:
    """Return the devices and tokens of the person who reads, what still works first, then newest first."""
    person = principal.person
    titles = {grant.pk: grant.release.title for grant in queries.grants_of(principal)}
    rows = [_device(each, now) for each in Device.objects.filter(user=person)]
    rows += [_token(each, titles, now) for each in AccessToken.objects.filter(user=person)]
    return sorted(rows, key=lambda row: (bool(row.end), row.made_at), reverse=True)


def grants_to_choose(principal: Principal, now: datetime) -> list[tuple[str, str]]:
    """Return (public id, words) of the grants for which a token makes sense: those that have not ended."""
    live = [each for each in queries.grants_of(principal) if each.ends_at > now and not each.final]
    return [(each.pk, f"{each.release.title} (until {times.day(each.ends_at)})") for each in live]


def _device(device: Device, now: datetime) -> Acting:
    live = device.is_live(now)
    ended = "reused" if device.reused else "ended" if device.ended_at else "expired"
    return Acting(
        kind="Device",
        name=device.name,
        note="",
        state="live" if live else ended,
        may=_words(device.scopes),
        only="",
        made_at=device.created_at,
        ends_at=device.ended_at or device.expires_at,
        used_at=device.last_used_at,
        address=device.address or "",
        end=reverse("device_end", args=[device.pk]) if live else "",
    )


def _token(token: AccessToken, titles: dict[str, str], now: datetime) -> Acting:
    live = token.is_live(now)
    return Acting(
        kind="Token",
        name=token.name,
        note=f"{token.prefix}…",
        state="live" if live else "ended" if token.ended_at else "expired",
        may=_words(token.scopes),
        only=titles.get(token.grant, token.grant),
        made_at=token.created_at,
        ends_at=token.ended_at or token.expires_at,
        used_at=token.last_used_at,
        address=token.address or "",
        end=reverse("token_end", args=[token.pk]) if live else "",
    )


def _words(scopes: Sequence[str]) -> list[str]:
    """The first word of each sentence is what the checkbox of the form begins with, too."""
    return [WORDS[scope].partition(":")[0] for scope in scopes if scope in WORDS]
