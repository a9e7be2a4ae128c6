"""What legal staff say of master agreements."""

from datetime import timedelta
from typing import Any

from django import forms

from licenses.models import LicenseVersion
from portal.accounts.models import Organization
from portal.web.forms.licenses import DATE, day_start
from portal.web.forms.review import FilterForm
from portal.web.words import word

STATES = [("", "All"), *((state, word("master", state).text) for state in ("proposed", "signed", "ended"))]


class MasterFilterForm(FilterForm):
    organization = forms.CharField(
        label="Organization", required=False, max_length=200, widget=forms.TextInput(attrs={"type": "search"})
    )
    state = forms.ChoiceField(label="State", required=False, choices=STATES)


class MasterForm(forms.Form):
    organization = forms.ModelChoiceField(
        label="Organization", queryset=Organization.objects.none(), empty_label="Choose an organization"
    )
    license_version = forms.ModelChoiceField(
        label="License",
        queryset=LicenseVersion.objects.none(),
        empty_label="Choose a license",
        help_text="Exactly this text is accepted.",
    )
    signatory_name = forms.CharField(label="Who signs", max_length=200)
    signatory_email = forms.EmailField(
        label="Their address", help_text="They get a mail that points to the agreement's page."
    )
    ends_on = forms.DateField(
        label="Lasts until", widget=forms.DateInput(attrs=DATE), help_text="Through that day, in UTC."
    )

    def __init__(self, *args: Any, organizations: Any, versions: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organization"].queryset = organizations  # type: ignore[attr-defined]
        self.fields["license_version"].queryset = versions  # type: ignore[attr-defined]

    @property
    def proposed(self) -> dict[str, Any]:
        """What is proposed, in the words of `actions.propose_master`."""
        said = dict(self.cleaned_data)
        # "Until" is the whole of that day: the agreement ends, not included, when the next one begins.
        ends_on = said.pop("ends_on")
        return {**said, "ends_at": day_start(ends_on + timedelta(days=1))}


class MemberForm(forms.Form):
    full_name = forms.CharField(label="Name", max_length=200)
    email = forms.EmailField(
        label="Address", help_text="Covered is whoever has this address, verified, in their account."
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why."},
    )
