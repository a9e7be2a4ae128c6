"""What a legal lead proposes about a release's terms."""

from typing import Any, Final

from django import forms

from licenses.actions.terms_changes import LABELS
from licenses.models import ReleaseTerms
from portal.accounts.changes import MAX_REASON_CHARACTERS

FIELDS: Final = (
    "quorum",
    "stage",
    "grant_days",
    "exclude_reviewer_organization",
    "signatory",
    "max_co_applicants",
    "on_affiliation_end",
    "postquantum_only",
)


class TermsForm(forms.Form):
    quorum = forms.IntegerField(label=LABELS["quorum"], min_value=1, max_value=2)
    stage = forms.ChoiceField(label=LABELS["stage"], choices=ReleaseTerms.Stage.choices)
    grant_days = forms.IntegerField(label=LABELS["grant_days"], min_value=1)
    exclude_reviewer_organization = forms.BooleanField(
        label=LABELS["exclude_reviewer_organization"], required=False
    )
    signatory = forms.BooleanField(label=LABELS["signatory"], required=False)
    max_co_applicants = forms.IntegerField(label=LABELS["max_co_applicants"], min_value=0)
    on_affiliation_end = forms.ChoiceField(
        label=LABELS["on_affiliation_end"], choices=ReleaseTerms.OnAffiliationEnd.choices
    )
    postquantum_only = forms.BooleanField(label=LABELS["postquantum_only"], required=False)
    reason = forms.CharField(
        label="Why",
        max_length=MAX_REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Read by whoever has to confirm it.",
    )

    @staticmethod
    def of(terms: ReleaseTerms) -> dict[str, Any]:
        """The terms as they stand, to begin with."""
        return {name: getattr(terms, name) for name in FIELDS}

    @property
    def wanted(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in FIELDS}
