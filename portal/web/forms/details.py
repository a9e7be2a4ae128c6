"""A person's own details."""

from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from portal.accounts.affiliations import require_admitted
from portal.accounts.forms import PersonFields
from portal.accounts.models import Organization, User
from portal.accounts.policies import may_change_organization
from portal.accounts.principals import Principal
from portal.core.problems import Invalid

FIXED_ORGANIZATION = (
    "Staff do not change it themselves: it says whose requests they may not judge. "
    "If you have moved, ask an administrator to take your roles until you have said so."
)


class DetailsForm(PersonFields):
    """next: the page that sent the person here, to go back to; only an address of this site counts.

    Who may not change their organization sees it and why; whatever is sent for it then does not count.
    """

    next = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any, *, user: User, by: Principal, came_from: str = "") -> None:
        super().__init__(data, initial=_initial_of(user, came_from))
        self.user = user
        if not may_change_organization(by, user):
            self.fields["organization"].disabled = True
            self.fields["organization"].help_text = FIXED_ORGANIZATION

    def clean(self) -> dict[str, Any]:
        """What the action would refuse is said here, before anybody is asked for a password."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        named = Organization.objects.filter(name__iexact=cleaned.get("organization", "")).first()
        if named is not None and named.pk != self.user.organization_id:
            try:
                require_admitted(self.user, named, timezone.now())
            except Invalid as refused:
                self.add_error("organization", refused.errors["organization"])
        return cleaned

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


def _initial_of(user: User, came_from: str) -> dict[str, str]:
    organization = user.organization.name if user.organization else ""
    return {
        "full_name": user.full_name,
        "organization": organization,
        "country": user.country,
        "next": came_from,
    }
