"""Tells the portal of a public key and proves that the private one is here; plaintext is never sent."""

from __future__ import annotations

import base64
import binascii
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from weights_vault.client import clock
from weights_vault.client.answers import Json, needed_text, unreadable
from weights_vault.client.api import Api
from weights_vault.client.identities import LocalIdentity
from weights_vault.client.integrity import refused_as
from weights_vault.client.output import Output
from weights_vault.client.pending import announce, pending_of, wait_for
from weights_vault.client.releases import check_id
from weights_vault.sealed.challenge import answer, open_challenge

MAX_CHALLENGE_BYTES = 64 << 10


@dataclass(frozen=True)
class EnrolledKey:
    """A key the portal knows, and the identity that opens what is sealed to it."""

    id: str
    identity: LocalIdentity


def propose(
    api: Api, identity: LocalIdentity, *, name: str, now: Callable[[], datetime] = clock.now
) -> tuple[str, Json]:
    """Announce a public key and answer the portal's challenge.

    name: for people, shown on their keys page.
    Returns: the key's id, and the pending action that its owner must confirm.
    Raises: IntegrityFailure: the challenge is for another origin, account or key, expired, or no challenge at
    all; such a challenge is never answered, because the answer would prove this key to somebody else.
    """
    account = needed_text(api.get("/me"), "id")
    started = api.post("/keys", {"recipient": identity.recipient, "name": name})
    key_id = check_id(started.get("id"))
    clock.check_skew(api.portal_time, now())
    with refused_as(
        "The portal's challenge is refused.", "Run the command again; if it stays, tell the portal's staff."
    ):
        challenge = open_challenge(
            _challenge_bytes(started), identity.identity, origin=api.portal, account=account, now=now()
        )
        proof = answer(challenge)
    return key_id, pending_of(api.post(f"/keys/{key_id}/proof", {"answer": proof}))


def enroll(
    api: Api,
    identity: LocalIdentity,
    output: Output,
    *,
    name: str,
    wait: bool = True,
    pause: Callable[[float], object] = time.sleep,
) -> EnrolledKey:
    """Propose a key and wait until its owner has confirmed it; with wait=False only show what to confirm."""
    key_id, pending = propose(api, identity, name=name)
    if wait:
        wait_for(pending, api, output, pause=pause)
    else:
        announce(pending, output)
    return EnrolledKey(key_id, identity)


def default_name() -> str:
    """A name for a key made without one: this machine's."""
    return f"weights on {socket.gethostname()}"[:100]


def _challenge_bytes(started: Json) -> bytes:
    text = started.get("challenge")
    try:
        challenge = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        challenge = b""
    if not 0 < len(challenge) <= MAX_CHALLENGE_BYTES:
        raise unreadable("There is no challenge in it.")
    return challenge
