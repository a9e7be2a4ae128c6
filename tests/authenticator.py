"""A passkey in software: what a device and a browser do together, with each thing that can be wrong in it."""

import hashlib
import json
import secrets
from typing import Any

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from portal.accounts.assertions import Assertion, origin_of, rp_id_of
from portal.accounts.models import User

UP, UV, AT = 0x01, 0x04, 0x40


class Passkey:
    """One credential. `counter` rises with each use; 0 from the start on means that it keeps none."""

    def __init__(self, portal_url: str, *, counter: int = 0) -> None:
        self.portal_url = portal_url
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(16)
        self.counter = counter

    @property
    def public_key(self) -> ES256:
        return ES256.from_cryptography_key(self.key.public_key())

    def registration(self, challenge: bytes, *, flags: int = UP | UV, origin: str = "") -> dict[str, Any]:
        """What the browser returns when the passkey is made."""
        data = AuthenticatorData.create(
            self._rp_hash(self.portal_url),
            AuthenticatorData.FLAG(flags | AT),
            self.counter,
            AttestedCredentialData.create(b"\0" * 16, self.id, self.public_key),
        )
        said = CollectedClientData.create(
            CollectedClientData.TYPE.CREATE, challenge, origin or origin_of(self.portal_url)
        )
        answer = {
            "clientDataJSON": websafe_encode(said),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        }
        return self._credential(answer, {"credProps": {"rk": True}})

    def assertion(
        self,
        challenge: bytes,
        *,
        flags: int = UP | UV,
        origin: str = "",
        rp: str = "",
        kind: str = "webauthn.get",
        user: User | None = None,
        **said: Any,
    ) -> dict[str, Any]:
        """What the browser returns when the passkey is used."""
        self.counter += 1 if self.counter else 0
        data = AuthenticatorData.create(
            self._rp_hash(rp or self.portal_url), AuthenticatorData.FLAG(flags), self.counter
        )
        client = CollectedClientData.create(kind, challenge, origin or origin_of(self.portal_url), **said)
        signature = self.key.sign(data + client.hash, ec.ECDSA(hashes.SHA256()))
        answer = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
        }
        if user is not None:
            answer["userHandle"] = websafe_encode(user_pk_to_url_str(user).encode())
        return self._credential(answer, {})

    def signed(self, challenge: bytes, **changes: Any) -> Assertion:
        return Assertion.parse(json.dumps(self.assertion(challenge, **changes)))

    def put_on(self, user: User, name: str = "Key on the desk") -> Authenticator:
        """Put it on an account, past the pages."""
        made: Authenticator = Authenticator.objects.create(
            user=user,
            type=Authenticator.Type.WEBAUTHN,
            data={"name": name, "credential": self.registration(secrets.token_bytes(32))},
        )
        return made

    def answer(self, options: dict[str, Any], **changes: Any) -> str:
        """Answer what a page asks for with `navigator.credentials.get`."""
        challenge = options["publicKey"]["challenge"]
        raw = challenge if isinstance(challenge, bytes) else websafe_decode(challenge)
        return json.dumps(self.assertion(raw, **changes))

    def _credential(self, answer: dict[str, str], extensions: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": websafe_encode(self.id),
            "rawId": websafe_encode(self.id),
            "type": "public-key",
            "response": answer,
            "clientExtensionResults": extensions,
        }

    @staticmethod
    def _rp_hash(url: str) -> bytes:
        return hashlib.sha256(rp_id_of(url).encode()).digest()
