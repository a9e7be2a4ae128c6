"""What a provider says of a person, judged before it signs anybody in.

Stricter than allauth, which takes a person from an answer without an identity token, does not look at the
token's signature where TLS carried it, and believes whatever issuer a provider's own configuration names.

Source: OpenID Connect Core, sections 3.1.3.7 and 5.3.2; OpenID Connect Discovery, section 4.3.
"""

from collections.abc import Callable
from typing import Any, Final

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect import views
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from requests import RequestException

from portal.accounts.models import User
from portal.accounts.policies import LOOKING_ONLY
from portal.accounts.principals import looked_as
from portal.core.problems import NotPermitted, problem_response

_WELL_KNOWN: Final = "/.well-known/"
_NEEDED: Final = ("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
# What a provider sends may be anything: what is not there, or of another kind, is no answer.
_UNREADABLE: Final = (KeyError, TypeError, ValueError, AttributeError)


class StrictAdapter(views.OpenIDConnectOAuth2Adapter):  # type: ignore[misc] # allauth has no types
    """Takes a person from a signed identity token of the issuer that is set here, and from nothing else."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """The provider's configuration. Raises: OAuth2Error: of another issuer, or none. RequestException."""
        try:
            said = super().openid_config
        except _UNREADABLE as error:
            raise OAuth2Error("this is no configuration of a provider") from error
        if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in _NEEDED):
            raise OAuth2Error("this is no configuration of a provider")
        wanted: str = self.get_provider().app.settings["server_url"].partition(_WELL_KNOWN)[0]
        # One that names another as the issuer could sign people in as people of that other.
        if said["issuer"].rstrip("/") != wanted.rstrip("/"):
            raise OAuth2Error("the configuration is of another issuer")
        return said

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        return SocialToken(token=data["access_token"])

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        """Return whom the identity token names. Raises: OAuth2Error: nobody. RequestException."""
        try:
            named = self._decode_id_token(app, kwargs["response"]["id_token"])
            about = self._fetch_user_info(token.token)
            if not isinstance(named["sub"], str) or not named["sub"] or about["sub"] != named["sub"]:
                raise OAuth2Error("the two answers are not about one person")
            both = {"userinfo": about, "id_token": named}
            login: SocialLogin = self.get_provider().sociallogin_from_response(request, both)
        except _UNREADABLE as error:
            raise OAuth2Error("an answer that cannot be read") from error
        # allauth saves it with a connected account before `pre_social_login` is asked.
        login.account.extra_data = {}
        return login

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        """Check issuer, audience, end, and the signature, too, whoever carried the token."""
        named: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return named


def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the person to the provider; one that does not answer is told in words."""
    return _told(request, provider_id, lambda: views.login(request, provider_id))


def come_back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Where the provider sends people back to. An account is connected with its line in the log, or not."""
    user = request.user
    if isinstance(user, User) and looked_as(request.session, user, timezone.now()) is not None:
        # It comes by GET, which `LookingOnly` lets through.
        return problem_response(request, NotPermitted.from_denied(LOOKING_ONLY))
    view = OAuth2CallbackView.adapter_view(StrictAdapter(request, provider_id))
    with transaction.atomic():
        return _told(request, provider_id, lambda: view(request))


def _told(request: HttpRequest, provider_id: str, go: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return go()
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except (OAuth2Error, RequestException) as error:
        provider = get_adapter().get_provider(request, provider_id)
        told: HttpResponse = render_authentication_error(request, provider, exception=error)
        return told
