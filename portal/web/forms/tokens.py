"""A new access token."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from django import forms

from portal.accounts.scopes import DEFAULT, OF_ONE_GRANT, WORDS, in_order
from portal.accounts.tokens import LONGEST_LIFETIME


class TokenForm(forms.Form):
    """scopes: those that the person can give. grants: (public id, words) of those they hold."""

    name = forms.CharField(
        label="Name",
        help_text="Where you will use it, such as “cluster login node”.",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        initial=list(DEFAULT),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )
    grant = forms.ChoiceField(
        label="For which grant",
        required=False,
        help_text="A token for one grant reads, downloads and attests there alone, and finds no other grant.",
    )
    days = forms.TypedChoiceField(
        label="Ends after",
        coerce=int,
        choices=[(1, "1 day"), (7, "7 days"), (LONGEST_LIFETIME.days, f"{LONGEST_LIFETIME.days} days")],
        initial=7,
        help_text="A download that outlives its token can be resumed with a new one.",
    )

    def __init__(
        self, *args: Any, scopes: Sequence[str], grants: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["scopes"]).choices = [(scope, WORDS[scope]) for scope in scopes]
        cast(forms.ChoiceField, self.fields["grant"]).choices = [("", "Every grant of mine"), *grants]

    def clean(self) -> dict[str, Any]:
        """Refuse before the password is asked for what no token for one grant is for."""
        given = super().clean() or {}
        others = set(given.get("scopes", ())) - set(OF_ONE_GRANT)
        if given.get("grant") and others:
            named = ", ".join(WORDS[scope].partition(":")[0] for scope in in_order(others))
            self.add_error("scopes", f"A token for one grant cannot do this: {named}. Take the tick away.")
        return given

    @property
    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])
