"""The sign-up form. Apart from forms.py, on which allauth builds the forms that these stand on."""

import secrets
from typing import Any

from allauth.account.forms import BaseSignupForm, SignupForm
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from portal.core import audit


class AsSlow(BaseSignupForm):
    """A sign-up form of allauth's answers a known address like a new one; with this it takes as long, too.

    An account costs a password hash and some rows. The branch that makes none, and only mails the owner of
    the address, makes one all the same, for an address that there is not, and takes it back: no time of an
    answer tells who has an account.
    """

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            self._make_and_take_back(request)
        return super().try_save(request)

    def _make_and_take_back(self, request: HttpRequest) -> None:
        address = self.cleaned_data["email"]
        try:
            with transaction.atomic():
                self.account_already_exists = False
                self.cleaned_data["email"] = f"{secrets.token_hex(8)}@taken-back.invalid"
                user = self.save(request)
                audit.record(
                    "account.signed_up",
                    by=user.public_id,
                    subject=f"user:{user.public_id}",
                    now=timezone.now(),
                )
                transaction.set_rollback(True)
        finally:
            self.account_already_exists = True
            self.cleaned_data["email"] = address


class SlowSignupForm(AsSlow, SignupForm):
    """By address and password."""
