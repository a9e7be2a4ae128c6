"""What calls are signed with: a token as it is, or a device's, which is renewed before it ends.

Of several processes on one machine one renews, behind a lock, and the others take what it got: a renewal
token is good for one use, and a second use would sign this machine out. What was got is on the disk before
anybody uses it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from weights_vault.client import clock, oauth
from weights_vault.client.credentials import DeviceTokens
from weights_vault.client.errors import NotSignedIn, PortalFault, Unreachable
from weights_vault.client.redaction import Secret
from weights_vault.client.retry import backoff_s
from weights_vault.client.settings import Settings, portal_file
from weights_vault.client.tokens import find_kept, forget_token, keep_text

RENEW_BEFORE: Final = timedelta(minutes=2)
# The portal takes the same renewal token again for a minute, in case its answer was lost on the way.
TRIES: Final = 3


class Bearer(Protocol):
    """Where `Api` has its token from."""

    def token(self) -> Secret:
        """The token to send now."""

    def after_refusal(self, refused: Secret) -> Secret | None:
        """Another one, once the portal did not take `refused`; None where there is none to be had."""


class FixedBearer:
    """A token that was made by hand: it lasts as long as it lasts."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def token(self) -> Secret:
        return self._token

    def after_refusal(self, refused: Secret) -> Secret | None:
        return None


class DeviceBearer:
    """The tokens of this machine's sign-in. pause: waits so many seconds between tries."""

    def __init__(
        self,
        settings: Settings,
        portal: str,
        kept: DeviceTokens,
        *,
        now: Callable[[], datetime] = clock.now,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._settings = settings
        self._portal = portal
        self._kept = kept
        self._now = now
        self._pause = pause or time.sleep
        self._lock = threading.Lock()
        self._replaced: Secret | None = None  # by a token made by hand, which another command kept meanwhile

    def token(self) -> Secret:
        """The token to send now, renewed where it ends soon. While it lasts, a portal that cannot renew it is
        no reason to stop. Raises: NotSignedIn(signed-out); Unreachable; PortalFault.
        """
        if self._replaced is not None:
            return self._replaced
        kept = self._kept
        now = self._now()
        if now < kept.ends_at - RENEW_BEFORE:
            return kept.access
        try:
            return self._renewed(kept.access) or kept.access
        except (Unreachable, PortalFault):
            if now >= kept.ends_at:
                raise
            return kept.access

    def after_refusal(self, refused: Secret) -> Secret | None:
        """A token in place of one that the portal did not take. Raises: as `token`."""
        return self._renewed(refused)

    def _renewed(self, used: Secret) -> Secret | None:
        with self._lock:
            if self._replaced is not None:
                return None if used.reveal() == self._replaced.reveal() else self._replaced
            if self._kept.access.reveal() != used.reveal():
                return self._kept.access  # another thread was here
            with self._settings.home.locked(portal_file(self._portal, "lock")):
                found = self._taken_over(used) or self._ask()
            if isinstance(found, Secret):
                self._replaced = found
                return found
            self._kept = found
            return self._kept.access

    def _taken_over(self, used: Secret) -> DeviceTokens | Secret | None:
        """What another process got, or a person kept, meanwhile: it is never renewed away or forgotten.

        Raises: NotSignedIn: it signed this machine out.
        """
        kept = find_kept(self._settings, self._portal)
        if kept is None:
            raise signed_out(self._portal)
        if isinstance(kept, DeviceTokens) and kept.access.reveal() == used.reveal():
            return None
        return kept

    def _ask(self) -> DeviceTokens:
        form = {"grant_type": "refresh_token", "refresh_token": self._kept.renewal.reveal()}
        said = self._patiently(form)
        if said.status == 200:
            fresh = oauth.tokens_of(said, self._now())
            keep_text(self._settings, self._portal, fresh.to_text())
            return fresh
        if said.error == "invalid_grant":
            forget_token(self._settings, self._portal)
            raise signed_out(self._portal)
        raise oauth.fault(said)

    def _patiently(self, form: dict[str, str]) -> oauth.Said:
        for attempt in range(1, TRIES + 1):
            try:
                said = oauth.post_form(self._portal, "token", form)
            except Unreachable:
                if attempt == TRIES:
                    raise
            else:
                if not said.is_busy or attempt == TRIES:
                    return said
            self._pause(min(backoff_s(attempt), 10.0))
        raise RuntimeError("TRIES must be at least 1")


def headers_with(token: Secret | None) -> dict[str, str]:
    """The headers of a call to the API."""
    headers = {"Accept": "application/json, application/problem+json, */*;q=0.5"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token.reveal()}"
    return headers


def signed_out(portal: str) -> NotSignedIn:
    """The error where this machine's sign-in is over, for good."""
    return NotSignedIn(
        "signed-out",
        f"This machine is signed out of {portal}.",
        "Its sign-in was ended there, has expired, or ended with a new password or second factor, or because "
        "its tokens were used by another machine, too.",
        f"Run `weights login --portal {portal}`; for jobs, make a token at {portal}/tokens/.",
    )
