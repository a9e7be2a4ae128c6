"""Who calls: a bearer token ("wp_…") or the session of a signed-in browser."""

from django.utils import timezone
from rest_framework import authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.accounts import tokens
from portal.accounts.models import AccessToken, User

SCHEME = "Bearer"


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer wp_…`. A bad one is refused, never taken for an anonymous call."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        scheme, _, secret = authentication.get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME.lower().encode():
            return None
        try:
            token = tokens.authenticate(secret.strip().decode("ascii"), timezone.now())
        except UnicodeDecodeError:
            token = None
        if token is None:
            raise AuthenticationFailed("This token is unknown, has ended or has expired.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="api"'


class SessionAuthentication(authentication.SessionAuthentication):
    """A signed-in browser. A state-changing call must carry the CSRF token, as a page's form does."""

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="api"'
