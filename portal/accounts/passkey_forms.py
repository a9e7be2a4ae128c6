"""allauth's forms for passkeys, which take only what was signed at the portal's own address, to the letter.

What comes in them is anybody's: whatever cannot be read is a wrong code, never an error of ours. allauth
itself would take the address of any host below the portal's, too.
"""

import json
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms
from allauth.mfa.webauthn.internal import auth
from django import forms as fields
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from fido2.utils import websafe_decode
from fido2.webauthn import CollectedClientData

from portal.accounts import passkeys
from portal.accounts.assertions import UNREADABLE, Assertion, AssertionRefused, origin_of
from portal.accounts.forms import one_line
from portal.accounts.models import User
from portal.core import audit

_WRONG = (*UNREADABLE, AssertionRefused)


def _refusal() -> Exception:
    refusal: Exception = get_adapter().validation_error("incorrect_code")
    return refusal


def _require_own_address(client_data: bytes) -> None:
    said = CollectedClientData(client_data)
    if said.origin != origin_of(settings.PORTAL_URL) or said.cross_origin:
        raise AssertionRefused("another site")


class _Name(fields.CharField):
    def __init__(self, **kwargs: Any) -> None:
        help_text = "For you alone, to tell your passkeys apart: “Key on the desk”."
        super().__init__(label="Name", max_length=60, help_text=help_text, validators=[one_line], **kwargs)


class AddForm(forms._BaseAddWebAuthnForm):  # type: ignore[misc] # allauth has no types
    """A new passkey. Whether it signs in without a password is the device's doing, not a choice to make."""

    name = _Name(required=False)

    def clean(self) -> dict[str, Any]:
        credential = self.cleaned_data.get("credential")
        try:
            if credential:
                response = credential["response"]
                _require_own_address(websafe_decode(response["clientDataJSON"]))
                # Kept with the account as it came: no more of it than what is read later.
                self.cleaned_data["credential"] = {
                    "id": str(credential["id"]),
                    "rawId": str(credential["rawId"]),
                    "type": "public-key",
                    "response": {
                        name: str(response[name]) for name in ("clientDataJSON", "attestationObject")
                    },
                    "clientExtensionResults": {"credProps": {"rk": _is_resident(credential)}},
                }
            said: dict[str, Any] = super().clean()
        except _WRONG as error:
            raise _refusal() from error
        return said


def _is_resident(credential: dict[str, Any]) -> bool:
    return bool(credential.get("clientExtensionResults", {}).get("credProps", {}).get("rk"))


class RenameForm(forms.EditWebAuthnForm):  # type: ignore[misc]
    name = _Name()

    def save(self) -> Authenticator:
        renamed: Authenticator = super().save()
        owner = renamed.user.public_id
        audit.record("account.passkey_renamed", by=owner, subject=f"user:{owner}", now=timezone.now())
        return renamed


class _Answer:
    """The answer of a passkey: readable, and signed at the portal's own address."""

    def clean_credential(self) -> Authenticator:
        given = self.cleaned_data["credential"]  # type: ignore[attr-defined] # a form is mixed in
        try:
            answer = Assertion.parse(json.dumps(given))
            _require_own_address(answer.client_data)
            passkey: Authenticator = super().clean_credential()  # type: ignore[misc]
            passkeys.note_use(passkey, answer.counter)
        except _WRONG as error:
            raise _refusal() from error
        return passkey


class SecondFactorForm(_Answer, forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """After the password."""


class SignInForm(_Answer, forms.LoginWebAuthnForm):  # type: ignore[misc]
    """Instead of the password. Who is nobody costs the same look for passkeys as somebody."""

    def clean_credential(self) -> Authenticator:
        try:
            auth.extract_user_from_response(self.cleaned_data["credential"])
        except (ValidationError, *_WRONG):
            passkeys.of(User(pk=0))
        return super().clean_credential()


class ConfirmForm(_Answer, forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Once more, by somebody who is signed in."""
