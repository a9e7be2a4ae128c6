"""The access token of a signed-in device, as a request carries it."""

from dataclasses import dataclass
from datetime import datetime

from portal.accounts.models import Device, User


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
