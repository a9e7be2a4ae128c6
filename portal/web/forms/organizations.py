"""What is written about an organization: a date, a domain, a code, who manages it."""

from datetime import UTC, datetime, time

from django import forms

from portal.accounts.actions.domains import ADMINISTRATIVE


class SearchForm(forms.Form):
    text = forms.CharField(label="Name or domain", required=False, max_length=200)

    @property
    def wanted(self) -> str:
        self.full_clean()
        return str(self.cleaned_data.get("text", ""))


class EndForm(forms.Form):
    """The day after which somebody is of the organization no longer."""

    affiliation = forms.CharField(widget=forms.HiddenInput, max_length=32)
    ends_on = forms.DateField(label="Last day (UTC)", widget=forms.DateInput(attrs={"type": "date"}))

    @property
    def ends_at(self) -> datetime:
        """The last second of the day, in UTC; of a day that is over, that moment is too."""
        return datetime.combine(self.cleaned_data["ends_on"], time(23, 59, 59), UTC)


class AdmitForm(forms.Form):
    affiliation = forms.CharField(widget=forms.HiddenInput, max_length=32)


class ClaimForm(forms.Form):
    domain = forms.CharField(label="Domain", max_length=253, help_text="Such as example.org.")


class SendForm(forms.Form):
    claim = forms.CharField(widget=forms.HiddenInput, max_length=32)
    to = forms.ChoiceField(label="Mail the code to", choices=[(name, name) for name in ADMINISTRATIVE])


class CodeForm(forms.Form):
    claim = forms.CharField(widget=forms.HiddenInput, max_length=32)
    code = forms.CharField(label="Code", max_length=20, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class DomainForm(forms.Form):
    claim = forms.CharField(widget=forms.HiddenInput, max_length=32)


class ManagerForm(forms.Form):
    email = forms.EmailField(label="Mail address of one of its people")


class NotManagerForm(forms.Form):
    manager = forms.IntegerField(widget=forms.HiddenInput)
