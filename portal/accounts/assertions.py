"""What a passkey signs (WebAuthn assertions), and the check of it. Pure: no database, no settings.

    AssertionRefused   it cannot be read, or it does not say what it should; `reason` tells which

Source: Web Authentication Level 3, section 7.2. Step numbers below are of its list. Steps about the account
(whose credential it is) are the caller's; extensions are not asked for, and their outputs not read.
"""

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from fido2.cose import CoseKey
from fido2.webauthn import AuthenticationResponse, AuthenticatorData, CollectedClientData

MAX_CHARACTERS: Final = 16_384
# What the reader of such an answer trips over (its CBOR, too, which counts on the bytes that it names): what
# is fed to it is anybody's, and then it is no assertion.
UNREADABLE: Final = (LookupError, ValueError, TypeError, AttributeError, RecursionError, struct.error)
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class AssertionRefused(Exception):
    """A passkey's answer that cannot be read or does not fit. reason: for logs and tests."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Assertion:
    """One answer of a passkey, as the browser handed it over: the very bytes."""

    credential_id: bytes
    authenticator_data: bytes
    client_data: bytes
    signature: bytes

    @classmethod
    def parse(cls, text: str) -> "Assertion":
        """Read a PublicKeyCredential of an assertion in its JSON form.

        Raises: AssertionRefused.
        """
        if len(text) > MAX_CHARACTERS:
            raise AssertionRefused("too long")
        try:
            said = AuthenticationResponse.from_dict(json.loads(text))
            answer = said.response
            return cls(
                said.raw_id, bytes(answer.authenticator_data), bytes(answer.client_data), answer.signature
            )
        except UNREADABLE as error:
            raise AssertionRefused("not readable") from error

    @property
    def counter(self) -> int:
        """What the authenticator's counter stood at; 0 where it keeps none."""
        return int(AuthenticatorData(self.authenticator_data).counter)


def origin_of(url: str) -> str:
    """Return the origin of an address as browsers write it: no path, no port where it is the usual one."""
    parts = urlsplit(url)
    port = "" if parts.port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}"


def verify(assertion: Assertion, *, public_key: Mapping[int, Any], portal_url: str, challenge: bytes) -> int:
    """Check that this key's holder, recognized by their device, signed this challenge at this portal.

    public_key: COSE key of the credential. challenge: the bytes that had to be signed.
    Returns: the authenticator's counter, 0 where it keeps none.
    Raises: AssertionRefused.
    """
    try:
        said, data = (
            CollectedClientData(assertion.client_data),
            AuthenticatorData(assertion.authenticator_data),
        )
        key = CoseKey.parse(public_key)
    except UNREADABLE as error:
        raise AssertionRefused("not readable") from error
    if said.type != CollectedClientData.TYPE.GET:  # step 10
        raise AssertionRefused("not an assertion")
    if not compare_digest(said.challenge, challenge):  # step 11
        raise AssertionRefused("it signs something else")
    if said.origin != origin_of(portal_url) or said.cross_origin:  # steps 12 and 13: ours alone, no frame
        raise AssertionRefused("it was asked for by another site")
    if not compare_digest(data.rp_id_hash, _rp_id_hash(portal_url)):  # step 15
        raise AssertionRefused("it is for another site")
    if not data.is_user_present() or not data.is_user_verified():  # steps 16 and 17
        raise AssertionRefused("the device did not make sure who uses it")
    try:
        key.verify(
            assertion.authenticator_data + hashlib.sha256(assertion.client_data).digest(), assertion.signature
        )
    except (InvalidSignature, ValueError, TypeError, NotImplementedError) as error:  # steps 20 and 21
        raise AssertionRefused("the signature is not of this passkey") from error
    return int(data.counter)


def _rp_id_hash(portal_url: str) -> bytes:
    return hashlib.sha256(rp_id_of(portal_url).encode()).digest()


def rp_id_of(portal_url: str) -> str:
    """Return the relying party's id, for which passkeys are made: the portal's host."""
    return str(urlsplit(portal_url).hostname or "")
