"""The portal's OAuth endpoints, as a machine without a browser uses them (RFC 8628, RFC 6749, RFC 7009).

Forms go out and JSON comes back, at most 64 KiB of it. Redirects are not followed: a token would go along.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx

from weights_vault.client import clock
from weights_vault.client.answers import Json, needed_text, text, unexpected, whole
from weights_vault.client.credentials import DeviceTokens
from weights_vault.client.errors import PortalFault
from weights_vault.client.http_client import http_client
from weights_vault.client.problems import tls_or_network
from weights_vault.client.redaction import Secret
from weights_vault.client.retry import retry_after_s

CLIENT: Final = "weights"
MAX_ANSWER_BYTES: Final = 1 << 16
_PREFIX: Final = "/identity/o/api"


@dataclass(frozen=True)
class Said:
    """One answer. error: OAuth's word for a refusal, "" for none. wait_s: what Retry-After asks."""

    status: int
    body: Json
    wait_s: float | None

    @property
    def error(self) -> str:
        return text(self.body, "error") if isinstance(self.body.get("error"), str) else ""

    @property
    def is_busy(self) -> bool:
        """True where the portal did nothing, and asking again makes sense."""
        return self.status in (429, 502, 503, 504)


def post_form(portal: str, path: str, form: Mapping[str, str]) -> Said:
    """Send a form to one of the endpoints. Raises: Unreachable; PortalFault: the answer never ends."""
    try:
        with http_client(portal) as http:
            request = http.build_request(
                "POST",
                f"{portal}{_PREFIX}/{path}",
                data={"client_id": CLIENT, **form},
                headers={"Accept": "application/json"},
            )
            response = http.send(request, stream=True)
            try:
                return _read(response)
            finally:
                response.close()
    except httpx.TransportError as error:
        raise tls_or_network(error, portal) from None


def tokens_of(said: Said, now: datetime) -> DeviceTokens:
    """The tokens that an answer gives. Raises: PortalFault(portal-answer-unexpected)."""
    lifetime_s = whole(said.body, "expires_in")
    if lifetime_s is None:
        raise unexpected("It has no expires_in.")
    return DeviceTokens(
        access=Secret(needed_text(said.body, "access_token")),
        renewal=Secret(needed_text(said.body, "refresh_token")),
        ends_at=now + timedelta(seconds=min(lifetime_s, 86_400)),
    )


def fault(said: Said) -> PortalFault:
    """The error for an answer that no step of the sign-in foresees; it repeats nothing of the answer."""
    return PortalFault(
        "sign-in-fault",
        "The portal answers the sign-in with something unforeseen.",
        f"It answered {said.status}.",
        "Run the command again in a few minutes; if it stays, sign in with a token: weights login --token",
    )


def _read(response: httpx.Response) -> Said:
    kept = bytearray()
    for piece in response.iter_raw():
        kept += piece
        if len(kept) > MAX_ANSWER_BYTES:
            raise PortalFault(
                "answer-too-long",
                "The portal's answer is too long.",
                f"It goes on after {MAX_ANSWER_BYTES:,} bytes.",
                "Nothing was kept. Tell the portal's staff.",
            )
    try:
        found = json.loads(kept)
    except (ValueError, RecursionError):
        found = None
    wait_s = retry_after_s(response.headers.get("retry-after"), clock.now())
    return Said(response.status_code, found if isinstance(found, dict) else {}, wait_s)
