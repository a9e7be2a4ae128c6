"""The code that a machine without a browser shows."""

from django import forms


class DeviceCodeForm(forms.Form):
    code = forms.CharField(
        label="Code in the terminal",
        help_text="Eight letters, such as WDJB-MJHT. Case and the hyphen do not matter.",
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
