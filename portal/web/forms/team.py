"""Whom an applicant asks into the team of a request."""

from typing import Any

from django import forms

from licenses.models import Party

LABELS = {
    Party.Role.CO_APPLICANT: "Co-applicant: asks with you, and gets access of their own",
    Party.Role.SIGNATORY: "Signatory: may sign for the institution, and gets no access",
}


class SignatoryForm(forms.Form):
    """Whom staff name to sign for an institution."""

    full_name = forms.CharField(label="Full name", max_length=200)
    email = forms.EmailField(
        label="Mail address",
        help_text="They answer with an account that has this address verified. Best is the one that their"
        " organization gave them.",
        max_length=254,
    )


class InviteForm(SignatoryForm):
    """roles: those that are open now; with only one there is nothing to choose."""

    role = forms.ChoiceField(label="As", widget=forms.RadioSelect)
    field_order = ("role", "full_name", "email")

    def __init__(self, *args: Any, roles: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(role, label) for role, label in LABELS.items() if role in roles]
        self.fields["role"] = forms.ChoiceField(
            label="As", choices=choices, initial=roles[0], widget=forms.RadioSelect
        )
        if len(roles) == 1:
            self.fields["role"].widget = forms.HiddenInput()
