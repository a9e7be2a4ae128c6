"""The two tokens of a signed-in device, as they are kept on this machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from weights_vault.client.redaction import Secret

DEVICE_PREFIX = "wpd_"
RENEWAL_PREFIX = "wpr_"


@dataclass(frozen=True)
class DeviceTokens:
    """access: what calls carry, for an hour. renewal: gets the next pair, once. ends_at: of `access`, by this
    machine's clock.
    """

    access: Secret
    renewal: Secret
    ends_at: datetime

    def to_text(self) -> str:
        """One line for the keyring or the 0600 file."""
        return json.dumps(
            {
                "access": self.access.reveal(),
                "renewal": self.renewal.reveal(),
                "ends_at": self.ends_at.isoformat(),
            }
        )


def device_tokens(text: str) -> DeviceTokens | None:
    """The tokens in a text that `to_text` made, None where it is another."""
    try:
        found = json.loads(text)
        access, renewal = found["access"], found["renewal"]
        ends_at = datetime.fromisoformat(found["ends_at"])
    except (ValueError, TypeError, KeyError):
        return None
    if not (_is(access, DEVICE_PREFIX) and _is(renewal, RENEWAL_PREFIX)) or ends_at.tzinfo is None:
        return None
    return DeviceTokens(Secret(access), Secret(renewal), ends_at)


def _is(token: object, prefix: str) -> bool:
    return (
        isinstance(token, str)
        and token.startswith(prefix)
        and len(token) <= 512
        and token.isascii()
        and token.isprintable()
    )
