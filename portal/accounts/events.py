"""What accounts tell other apps, in the same transaction (`portal.core.events`)."""

from dataclasses import dataclass
from datetime import datetime

from portal.accounts.models import User


@dataclass(frozen=True)
class DetailsCorrected:
    """A person changed what they say about themselves. fields: of full_name, organization, country."""

    user: User
    fields: tuple[str, ...]
    now: datetime
