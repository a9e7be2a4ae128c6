"""What somebody types to have erased what is theirs."""

from typing import Any

from django import forms

from portal.accounts.models import User


class EraseForm(forms.Form):
    """The address, typed once more. user: whose it must be."""

    address = forms.CharField(
        label="Type your mail address to erase everything above",
        help_text="This cannot be undone. A last mail goes there.",
        max_length=254,
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "off"}),
        error_messages={"required": "Type the mail address of this account."},
    )

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        self.user = user

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        if address.strip().lower() != self.user.email:
            raise forms.ValidationError("Type the mail address of this account, to show that you mean it.")
        return address
