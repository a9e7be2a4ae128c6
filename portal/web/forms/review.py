"""What legal staff say and filter by."""

from typing import Any

from django import forms
from django.utils.http import urlencode

from licenses.models import Vote


class VerdictForm(forms.Form):
    """The version stands in the form: a verdict counts for what was on this page, never for a later text."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(
        label="Verdict",
        choices=[
            (Vote.Verdict.APPROVE.value, "Approve"),
            (Vote.Verdict.REQUEST_CHANGES.value, "Ask for changes"),
            (Vote.Verdict.REJECT.value, "Decline"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a verdict."},
    )
    reason = forms.CharField(
        label="Reason",
        help_text="The applicant reads this. Needed unless you approve.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    note = forms.CharField(
        label="Note for staff",
        help_text="The applicant never sees this.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class FilterForm(forms.Form):
    """Filters of a list, from its address. What is not understood filters nothing."""

    @property
    def filters(self) -> dict[str, Any]:
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def query(self) -> str:
        """The filters again, to go before "page=" in an address."""
        return f"{urlencode(self.filters)}&" if self.filters else ""
