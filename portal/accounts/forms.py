"""What people say about themselves, when they sign up and when they correct it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from portal.accounts import names
from portal.accounts.affiliations import moved
from portal.accounts.countries import COUNTRIES
from portal.accounts.models import Organization, User
from portal.core.secrecy import holds_secret


def one_line(value: str) -> None:
    """Validator: printable, and on one line; names end in mails and in agreements."""
    if not value.isprintable():
        raise ValidationError("Use printable characters on one line.")
    if holds_secret(value):
        raise ValidationError("This looks like a token or a key. Never put one where others can read it.")


def leads_nowhere(value: str) -> None:
    """Validator: no address that a mail program would make a link of."""
    if wrong := names.fault(value):
        raise ValidationError(wrong)


class PersonFields(forms.Form):
    """Name, organization and country. Names come out with single spaces; an organization is still a name."""

    full_name = forms.CharField(
        label="Full name",
        max_length=200,
        validators=[one_line, leads_nowhere],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    organization = forms.CharField(
        label="Organization",
        max_length=200,
        validators=[one_line, leads_nowhere],
        help_text="Where you work or study; your own name if you work for yourself.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    country = forms.ChoiceField(
        label="Country",
        choices=[("", "Choose a country"), *COUNTRIES],
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )

    def clean_full_name(self) -> str:
        return _single_spaced(self.cleaned_data["full_name"])

    def clean_organization(self) -> str:
        return _single_spaced(self.cleaned_data["organization"])


class SignupForm(PersonFields):
    """allauth builds its sign-up form on this one."""

    field_order = ["full_name", "email", "organization", "country", "password1", "password2"]

    def signup(self, request: HttpRequest, user: User) -> None:
        """Complete the account that allauth has just saved."""
        cleaned: dict[str, Any] = self.cleaned_data
        user.full_name = cleaned["full_name"]
        user.organization = organization_named(cleaned["organization"])
        user.country = cleaned["country"]
        user.save(update_fields=["full_name", "organization", "country"])
        moved(user=user, by=user.public_id, now=timezone.now())


def organization_named(name: str) -> Organization:
    """Return the organization of this name, made if there is none; case and extra spaces do not count."""
    name = _single_spaced(name)
    found = Organization.objects.filter(name__iexact=name).first()
    return found or Organization.objects.get_or_create(name=name)[0]


def _single_spaced(text: str) -> str:
    return " ".join(text.split())
