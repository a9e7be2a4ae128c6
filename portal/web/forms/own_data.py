"""What somebody types to have erased what is theirs."""

from django import forms


class EraseForm(forms.Form):
    """The address, typed once more: the domain compares it."""

    address = forms.CharField(
        label="Type your mail address to erase everything above",
        help_text="This cannot be undone. A last mail goes there.",
        max_length=254,
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "off"}),
        error_messages={"required": "Type the mail address of this account."},
    )
