"""A person's own details."""

from django import forms
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portal.accounts.forms import PersonFields
from portal.accounts.models import User


class DetailsForm(PersonFields):
    """next: the page that sent the person here, to go back to; only an address of this site counts."""

    next = forms.CharField(widget=forms.HiddenInput, required=False)

    @staticmethod
    def initial_of(user: User, came_from: str = "") -> dict[str, str]:
        """Form values from the account."""
        organization = user.organization.name if user.organization else ""
        return {
            "full_name": user.full_name,
            "organization": organization,
            "country": user.country,
            "next": came_from,
        }

    @property
    def details(self) -> dict[str, str]:
        """What was said, without the way back."""
        return {name: self.cleaned_data[name] for name in PersonFields.base_fields}

    @property
    def came_from(self) -> str:
        """The page to go back to; empty where nobody sent the person here, or from elsewhere."""
        page = str(self["next"].value() or "")
        safe = page.startswith("/") and url_has_allowed_host_and_scheme(page, allowed_hosts=None)
        return page if safe else ""

    @property
    def after(self) -> str:
        return self.came_from or reverse("account_details")
