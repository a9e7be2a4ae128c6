"""What a legal lead proposes about a release's terms."""

from typing import Any, Final

from django import forms

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
    quorum = forms.IntegerField(label="Votes that a decision needs", min_value=1, max_value=2)
    stage = forms.ChoiceField(label="Open to", choices=ReleaseTerms.Stage.choices)
    grant_days = forms.IntegerField(label="Days that a grant lasts", min_value=1)
    exclude_reviewer_organization = forms.BooleanField(
        label="Reviewers of the applicant's organization do not vote", required=False
    )
    signatory = forms.BooleanField(label="Somebody signs for the institution, too", required=False)
    max_co_applicants = forms.IntegerField(label="Co-applicants at most", min_value=0)
    on_affiliation_end = forms.ChoiceField(
        label="When a holder leaves their organization", choices=ReleaseTerms.OnAffiliationEnd.choices
    )
    postquantum_only = forms.BooleanField(label="Post-quantum recipient keys alone", required=False)
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
