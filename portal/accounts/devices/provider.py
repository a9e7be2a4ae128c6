"""The portal as OAuth provider, for the device flow alone: allauth's on oauthlib, cut to three doors.

What oauthlib and allauth would also take (authorization codes, passwords, client credentials, identity
tokens, registration, introspection) is not there: the server below is built of the two grants that are meant.
allauth keeps clients and tokens; its own way with device codes (the cache, which lets two processes fetch
the same code) and with renewals (which leaves the old access token alive) is replaced by `codes` and
`families`. oauthlib 4.0.1 asks its validator for `validate_device_code`, which allauth 65 lacks: it is here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.internal.oauthlib.request_validator import OAuthLibRequestValidator
from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from oauthlib.common import Request
from oauthlib.oauth2 import BearerToken
from oauthlib.oauth2.rfc6749.endpoints.revocation import RevocationEndpoint
from oauthlib.oauth2.rfc6749.endpoints.token import TokenEndpoint
from oauthlib.oauth2.rfc6749.grant_types import RefreshTokenGrant
from oauthlib.oauth2.rfc8628.endpoints import DeviceAuthorizationEndpoint
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from portal.accounts.devices import codes, families
from portal.accounts.models import Device
from portal.accounts.scopes import DEFAULT, SCOPES
from portal.accounts.token_forms import DEVICE, RENEWAL, digest, new_secret
from portal.core.problems import NotPermitted

CLIENT: Final = "weights"
DEVICE_PATH: Final = "/device/"
GRANTS: Final = (Client.GrantType.DEVICE_CODE.value, Client.GrantType.REFRESH_TOKEN.value)


class OIDCAdapter(DefaultOIDCAdapter):
    """allauth's provider in this portal's words: its address is PORTAL_URL, whatever Host a call names."""

    def get_issuer(self) -> str:
        return str(settings.PORTAL_URL)

    def hash_token(self, token: str) -> str:
        return digest(token)


class DeviceValidator(OAuthLibRequestValidator):
    """What oauthlib asks while it answers one call. now: of the call; one validator, one call."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self.now = now
        self.device: Device | None = None
        self.after: Token | None = None

    def validate_device_code(self, client_id: str, device_code: str, request: Request) -> str | None:
        try:
            polled = codes.poll(device_code, client_id, self.now)
        except NotPermitted:  # the account was disabled since
            return str(DeviceCodeGrant.DEVICE_CODE_DENIED)
        if polled.device is not None:
            self._use(polled.device, request)
        return polled.status

    def validate_refresh_token(
        self, refresh_token: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        try:
            found = families.renewing(refresh_token, client.pk, self.now)
        except NotPermitted:
            return False
        if found is None:
            return False
        device, self.after = found
        self._use(device, request)
        return True

    def get_original_scopes(
        self, refresh_token: str, request: Request, *args: Any, **kwargs: Any
    ) -> list[str]:
        return list(self.device.scopes) if self.device is not None else []

    def rotate_refresh_token(self, request: Request) -> bool:
        return True

    def save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        if self.device is None:
            raise RuntimeError("a token was made for no device")
        ends_at = families.keep(
            self.device,
            access=token["access_token"],
            renewal=token["refresh_token"],
            scopes=request.scopes,
            client=request.client.pk,
            now=self.now,
            after=self.after,
        )
        token["expires_in"] = int((ends_at - self.now).total_seconds())
        token["refresh_expires_in"] = int((self.device.expires_at - self.now).total_seconds())

    def revoke_token(
        self, token: str, token_type_hint: str | None, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        families.end_by_token(token, request.client.pk, self.now)

    def _use(self, device: Device, request: Request) -> None:
        self.device, request.user, request.scopes = device, device.user, list(device.scopes)


class Provider(TokenEndpoint, RevocationEndpoint):
    """oauthlib's token and revocation endpoints with the two grants of a device, and no other."""

    def __init__(self, now: datetime) -> None:
        validator = DeviceValidator(now)
        bearer = BearerToken(
            validator,
            token_generator=lambda request: new_secret(DEVICE),
            refresh_token_generator=lambda request: new_secret(RENEWAL),
            expires_in=int(families.ACCESS_LIFETIME.total_seconds()),
        )
        device, renewal = DeviceCodeGrant(validator), RefreshTokenGrant(validator)
        TokenEndpoint.__init__(
            self,
            default_grant_type=GRANTS[0],
            default_token_type=bearer,
            grant_types={GRANTS[0]: device, GRANTS[1]: renewal},
        )
        RevocationEndpoint.__init__(self, validator)


def device_endpoint(now: datetime) -> DeviceAuthorizationEndpoint:
    """Return what makes codes; the address that people open stands on PORTAL_URL."""
    page = f"{settings.PORTAL_URL}{DEVICE_PATH}"
    return DeviceAuthorizationEndpoint(
        DeviceValidator(now),
        verification_uri=page,
        verification_uri_complete=f"{page}?code={{user_code}}",
        expires_in=int(codes.LIFETIME.total_seconds()),
        interval=codes.INTERVAL_S,
        user_code_generator=codes.new_user_code,
    )


def client_fields(scopes: Sequence[str] = SCOPES, default_scopes: Sequence[str] = DEFAULT) -> dict[str, str]:
    """Return the columns of the one client there is: public, so without a secret that could leak."""
    return {
        "name": CLIENT,
        "type": Client.Type.PUBLIC.value,
        "secret": UNUSABLE_PASSWORD_PREFIX,  # no password has this hash
        "scopes": "\n".join(scopes),
        "default_scopes": "\n".join(default_scopes),
        "grant_types": "\n".join(GRANTS),
        "response_types": "",
        "redirect_uris": "",
    }
