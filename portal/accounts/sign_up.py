"""The sign-up form. Apart from forms.py, on which allauth builds the form that this one stands on."""

from typing import Any

from allauth.account.forms import SignupForm
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest


class SlowSignupForm(SignupForm):
    """allauth's, which answers a known address like a new one; here it takes as long, too.

    An account costs a password hash, by far the slowest part of signing up. The branch that makes none, and
    only mails the owner of the address, spends the same: no time of an answer tells who has an account.
    """

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)
