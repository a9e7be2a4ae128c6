"""Accounts elsewhere that sign a person in here: what allauth is told to do otherwise.

What a provider says of mail addresses is not believed: an address confirms an organization here, so each is
verified by a code of ours. Nor does an address link accounts: that is done from inside a session alone.
Nothing that the provider hands over is kept but who it is.
"""

from typing import Any

from allauth.account import signals as account_signals
from allauth.account.fields import PasswordField, SetPasswordField
from allauth.socialaccount import signals
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.forms import SignupForm
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from django import forms
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts.models import User
from portal.accounts.sign_up import AsSlow
from portal.core import audit


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc] # allauth has no types
    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Keep of what the provider told no more than is needed, and believe none of its addresses."""
        sociallogin.account.extra_data = {}
        sociallogin.email_addresses = sociallogin.email_addresses[:1]
        for address in sociallogin.email_addresses:
            address.verified, address.primary = False, True

    def get_provider(
        self, request: HttpRequest, provider: str, client_id: str | None = None
    ) -> OAuth2Provider:
        # Imported late: allauth's views ask for this adapter while they are loaded.
        from portal.accounts.provider_answers import StrictAdapter

        found = super().get_provider(request, provider, client_id)
        found.oauth2_adapter_class = StrictAdapter
        return found

    def get_signup_form_initial_data(self, sociallogin: SocialLogin) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_signup_form_initial_data(sociallogin)
        return {"email": initial.get("email", "")}


class ProviderSignupForm(AsSlow, SignupForm):  # type: ignore[misc]
    """An account that a provider signs in has a password, too: it is asked for before what binds others."""

    password1 = SetPasswordField(label="Password", autocomplete="new-password")
    password2 = PasswordField(label="Password (again)", autocomplete="new-password")

    def clean_password2(self) -> str:
        typed: str = self.cleaned_data["password2"]
        if typed != self.cleaned_data.get("password1", typed):
            raise forms.ValidationError("These are not the same.")
        return typed


def _record(kind: str, account: SocialAccount) -> None:
    user: User = account.user
    with transaction.atomic():
        audit.record(
            kind,
            by=user.public_id,
            subject=f"user:{user.public_id}",
            now=timezone.now(),
            provider=account.provider,
        )


@receiver(signals.social_account_added)
def record_connected(sociallogin: SocialLogin, **kwargs: Any) -> None:
    _record("account.provider_connected", sociallogin.account)


@receiver(signals.social_account_removed)
def record_disconnected(socialaccount: SocialAccount, **kwargs: Any) -> None:
    _record("account.provider_disconnected", socialaccount)


@receiver(account_signals.password_reset)
def disconnect_all(user: User, **kwargs: Any) -> None:
    """Whoever reads the account's mail has it alone from now on. Somebody else may have made it with that
    address, which they could not verify, or connected their own account once they had the password.
    """
    with transaction.atomic():
        for connected in SocialAccount.objects.filter(user=user):
            connected.delete()
            _record("account.provider_disconnected", connected)
