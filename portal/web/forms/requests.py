"""What an applicant says about a request: a signature, an appeal."""

from typing import Any

from django import forms

from licenses.actions.typed_names import checked_name
from portal.accounts.models import User
from portal.core.problems import Invalid


class NothingForm(forms.Form):
    """A confirmation: the button is all there is to say."""


class AppealForm(forms.Form):
    text = forms.CharField(
        label="Why should it be decided otherwise?",
        help_text="Answer the reason that was given. Other reviewers read this beside your request.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class SignForm(forms.Form):
    """The hash stands in the form, so that what is signed is the text that was on this page.

    signer: whose name it must be.
    """

    license_sha256 = forms.CharField(widget=forms.HiddenInput)
    agreed = forms.BooleanField(
        label="I have read the whole text above and accept it",
        error_messages={"required": "Please read the text and tick this before you sign."},
    )
    typed_name = forms.CharField(
        label="Type your full name to sign",
        help_text="As it stands in your account. It becomes part of the record, with the hash and the time.",
        max_length=200,
        widget=forms.TextInput(attrs={"class": "signature-input", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, signer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.signer = signer

    def clean_typed_name(self) -> str:
        return name_of(self.signer, self.cleaned_data["typed_name"])


def name_of(signer: User, typed: str) -> str:
    """What was typed, where it is the signer's name. Raises: ValidationError."""
    try:
        return checked_name(signer, typed)
    except Invalid as problem:
        raise forms.ValidationError(problem.errors["typed_name"]) from problem
