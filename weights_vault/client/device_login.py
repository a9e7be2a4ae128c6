"""Signing this machine in by a browser on any other (RFC 8628)."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from weights_vault.client import clock, oauth
from weights_vault.client.answers import Json, needed_text, text, whole
from weights_vault.client.credentials import DeviceTokens
from weights_vault.client.errors import (
    ClientError,
    Incomplete,
    NotAllowed,
    PortalFault,
    Unreachable,
    WrongUsage,
)
from weights_vault.client.output import Output
from weights_vault.client.retry import backoff_s

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
DEFAULT_INTERVAL_S: Final = 5
# RFC 8628, section 3.5: what slow_down adds to the interval, for good.
SLOWER_S: Final = 5
# Fences against a portal that asks for more patience than a person has.
MAX_INTERVAL_S: Final = 60
MAX_LIFETIME_S: Final = 1800


def sign_in(
    portal: str,
    scopes: Sequence[str],
    output: Output,
    *,
    browse: Callable[[str], object] | None = None,
    pause: Callable[[float], object] | None = None,
) -> DeviceTokens:
    """Ask to be signed in, say what to confirm, wait, and return the tokens.

    browse: opens an address in a browser of this machine, where the person wants that.
    Raises: NotAllowed(login-refused); Incomplete(login-expired); WrongUsage(scopes-unknown, no-device-login);
    PortalFault; Unreachable.
    """
    asked = _asked(portal, scopes)
    announce(asked, output)
    page = text(asked, "verification_uri_complete")
    if browse is not None and page.startswith(
        ("https://", "http://")
    ):  # a portal opens no other program here
        browse(page)
    return _waited(portal, asked, pause or time.sleep)


def announce(asked: Json, output: Output) -> None:
    """Say where to go. The line that begins with `open:` is stable: scripts read it; --json has an event."""
    page, code = needed_text(asked, "verification_uri"), needed_text(asked, "user_code")
    complete = text(asked, "verification_uri_complete") or page
    output.event("sign_in", verification_uri=page, verification_uri_complete=complete, user_code=code)
    output.important(
        f"Open this address in a browser, on any machine, and allow it if the code there is {code}:",
        f"open: {complete}  code: {code}",
        f"(or type the code at {page})",
    )
    output.message("waiting for it; Ctrl-C ends the wait, and nothing is signed in")


def _asked(portal: str, scopes: Sequence[str]) -> Json:
    wanted = {"scope": " ".join(scopes)} if scopes else {}
    said = oauth.post_form(portal, "device/code", {"machine": _machine(), **wanted})
    if said.status == 200:
        return said.body
    if said.error == "invalid_scope":
        raise WrongUsage(
            "scopes-unknown",
            "The portal does not know one of these scopes.",
            f"Asked for: {', '.join(scopes)}.",
            "They are read, requests, download, attest, and for staff review, publish.",
        )
    if said.status in (404, 405):
        raise WrongUsage(
            "no-device-login",
            f"{portal} signs no machine in by a browser.",
            "There is no Weights Portal, or an older one.",
            f"Check --portal; or make a token at {portal}/tokens/ and run `weights login --token`.",
        )
    if said.status == 429:
        raise PortalFault(
            "too-many-requests",
            "The portal asks for patience.",
            "Too many machines asked to be signed in from this address.",
            "Wait a while, then run the command again.",
        )
    raise oauth.fault(said)


def _waited(portal: str, asked: Json, pause: Callable[[float], object]) -> DeviceTokens:
    lifetime_s = min(whole(asked, "expires_in") or MAX_LIFETIME_S, MAX_LIFETIME_S)
    interval_s = float(min(whole(asked, "interval") or DEFAULT_INTERVAL_S, MAX_INTERVAL_S))
    form = {"grant_type": DEVICE_GRANT, "device_code": needed_text(asked, "device_code")}
    until = clock.now() + timedelta(seconds=lifetime_s)
    away = 0
    while clock.now() < until:
        pause(interval_s + (backoff_s(away) if away else 0))
        try:
            said = oauth.post_form(portal, "token", form)
        except Unreachable:
            away += 1
            continue
        away = 0
        if said.status == 200:
            return oauth.tokens_of(said, clock.now())
        if said.is_busy:
            pause(min(said.wait_s or 0.0, MAX_INTERVAL_S))
        elif said.error == "slow_down":
            interval_s = min(interval_s + SLOWER_S, MAX_INTERVAL_S)
        elif said.error != "authorization_pending":
            raise _ended(said)
    raise _expired()


def _ended(said: oauth.Said) -> ClientError:
    if said.error == "access_denied":
        return NotAllowed(
            "login-refused",
            "The sign-in was refused.",
            "You, or somebody signed in as you, refused it in the browser.",
            "If that was a mistake, run the command again and allow it.",
        )
    return _expired() if said.error in ("expired_token", "invalid_grant") else oauth.fault(said)


def _expired() -> Incomplete:
    return Incomplete(
        "login-expired",
        "The sign-in was not allowed in time.",
        "Nobody allowed it before the code expired, or the answer was lost on its way.",
        "Run the command again, open the address it shows, and allow it there.",
    )


def _machine() -> str:
    """What this machine calls itself; the portal shows it beside the question."""
    return socket.gethostname().partition(".")[0][:40]
