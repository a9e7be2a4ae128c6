"""What allauth is told to do otherwise: mail through the outbox, second factors encrypted."""

from itertools import count
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.urls import reverse

from portal.accounts import secrets
from portal.accounts.assertions import rp_id_of
from portal.accounts.guesses import note_wrong_password
from portal.accounts.models import User
from portal.accounts.principals import owes_second_factor
from portal.core.outbox import queue_rendered
from portal.core.secrecy import holds_secret

MFA_COLUMN = "mfa_authenticator.data"
PASSKEY_METHOD = "mfa_reauthenticate:webauthn"
_WAYS = {
    PASSKEY_METHOD: "Use your passkey",
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code",
}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts: names and addresses come from the settings, never from the Host header."""

    def format_email_subject(self, subject: str) -> str:
        return f"[{settings.PORTAL_NAME}] {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue allauth's mail. Its codes and links are one-time and short-lived: erased once sent."""
        values = {
            "request": allauth_context.request,
            "email": email,
            "current_site": SimpleNamespace(
                name=settings.PORTAL_NAME, domain=urlsplit(settings.PORTAL_URL).netloc
            ),
            "portal_url": settings.PORTAL_URL,
            "portal_name": settings.PORTAL_NAME,
            **context,
        }
        mail: EmailMultiAlternatives = self.render_mail(template_prefix, email, values)
        queue_rendered(
            to=email,
            template=template_prefix,
            subject=str(mail.subject),
            text=str(mail.body),
            ephemeral=True,
        )

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return str(settings.PORTAL_URL) + path.replace("UID-KEY", key)

    def clean_email(self, email: str) -> str:
        """An address stands in mails and on pages of staff: it must not look like a secret (G8)."""
        if holds_secret(email):
            raise ValidationError("This looks like a token or a key, not like an address.")
        return str(super().clean_email(email))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        note_wrong_password(request, str(credentials.get("email", "")))

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        """Take no password from a session that owes the second factor: it may be older, or stolen."""
        # A passkey first: whoever has one is asked for it, and can choose another way.
        every: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        methods = sorted(every, key=lambda method: method["id"] != PASSKEY_METHOD)
        for method in methods:
            method["description"] = _WAYS.get(method["id"], method["description"])
        if not owes_second_factor(allauth_context.request):
            return methods
        return [method for method in methods if method["id"] != "reauthenticate"]

    def is_safe_url(self, url: str) -> bool:
        """Tell whether `?next=` may lead there; an address that cannot be read leads nowhere."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return True


class MFAAdapter(DefaultMFAAdapter):
    """Second factors: their secrets are encrypted, so that a database alone opens nothing."""

    def get_totp_issuer(self) -> str:
        return str(settings.PORTAL_NAME)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys are made for the portal's own address, whatever the Host header says."""
        return {"id": rp_id_of(settings.PORTAL_URL), "name": str(settings.PORTAL_NAME)}

    def generate_authenticator_name(self, user: User, type: str) -> str:
        """The first number that none of the person's passkeys has; one may have been removed."""
        kept = {row.data.get("name") for row in Authenticator.objects.filter(user=user, type=type)}
        return next(name for number in count(1) if (name := f"Passkey {number}") not in kept)

    def encrypt(self, text: str) -> str:
        return secrets.wrap(text, MFA_COLUMN)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.unwrap(encrypted_text, MFA_COLUMN)
