"""What an applicant says about a request: a signature, an appeal."""

from django import forms


class NothingForm(forms.Form):
    """A confirmation: the button is all there is to say."""


class AppealForm(forms.Form):
    text = forms.CharField(
        label="Why should it be decided otherwise?",
        help_text="Answer the reason that was given. Other reviewers read this beside your request.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class SignForm(forms.Form):
    """The hash stands in the form, so that what is signed is the text that was on this page."""

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
