"""What a request carries that acts without a browser: a personal token, or that of a signed-in device."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from portal.accounts.models import AccessToken, Device, User

USED_GRAIN: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class DeviceAccess:
    """What stands beside `AccessToken` where it matters who calls with what.

    device: with its user fetched. scopes: of this token. expires_at: when this token ends, within an hour;
    the device itself lives on by its renewals.
    """

    device: Device
    scopes: tuple[str, ...]
    expires_at: datetime

    @property
    def pk(self) -> str:
        """What the log and pending actions call it."""
        return self.device.pk

    @property
    def user(self) -> User:
        """Whose device it is."""
        return self.device.user

    @property
    def name(self) -> str:
        """What the device calls itself."""
        return self.device.name

    @property
    def grant(self) -> str:
        """A device acts on every grant of its owner."""
        return ""


def note_use(kept: AccessToken | Device, now: datetime, address: str) -> None:
    """Note that it is used now, at most once a minute. address: where from, "" keeps the last."""
    before = now - USED_GRAIN
    if kept.last_used_at is None or kept.last_used_at < before:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=before)
        seen = {"address": address} if address else {}
        type(kept)._default_manager.filter(stale, pk=kept.pk).update(last_used_at=now, **seen)
