"""A new access token."""

from datetime import timedelta

from django import forms

from portal.accounts.tokens import LONGEST_LIFETIME, SCOPES

_SAID = {
    "read": "Read: releases, my requests, grants and keys",
    "requests": "Requests: draft, send and withdraw requests",
    "download": "Download: enroll keys (with my confirmation), fetch manifests, headers and files",
}


class TokenForm(forms.Form):
    name = forms.CharField(
        label="Name",
        help_text="Where you will use it, such as “cluster login node”.",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=[(scope, _SAID[scope]) for scope in SCOPES],
        initial=list(SCOPES),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )
    days = forms.TypedChoiceField(
        label="Ends after",
        coerce=int,
        choices=[(1, "1 day"), (7, "7 days"), (LONGEST_LIFETIME.days, f"{LONGEST_LIFETIME.days} days")],
        initial=7,
        help_text="A download that outlives its token can be resumed with a new one.",
    )

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])
