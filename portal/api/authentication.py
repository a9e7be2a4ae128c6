"""Who calls: a bearer token ("wp_…" of a person, "wpd_…" of a device) or a signed-in browser's session."""

from datetime import datetime

from django.utils import timezone
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.accounts import tokens
from portal.accounts.addresses import caller_address
from portal.accounts.credentials import DeviceAccess
from portal.accounts.devices import families
from portal.accounts.models import AccessToken, User

SCHEME = "Bearer"


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer …`. A bad one is refused, never taken for an anonymous call."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken | DeviceAccess] | None:
        scheme, _, secret = authentication.get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME.lower().encode():
            return None
        try:
            token = _found(secret.strip().decode("ascii"), timezone.now(), caller_address(request._request))
        except UnicodeDecodeError:
            token = None
        if token is None:
            raise AuthenticationFailed("This token is unknown, has ended or has expired.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="api"'


def _found(secret: str, now: datetime, address: str) -> AccessToken | DeviceAccess | None:
    return tokens.authenticate(secret, now, address) or families.authenticate(secret, now, address)


class SessionAuthentication(authentication.SessionAuthentication):
    """A signed-in browser. A state-changing call must carry the CSRF token, as a page's form does."""

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="api"'
