"""As which role to look at the site."""

from typing import Any

from django import forms


class LookForm(forms.Form):
    """roles: those that are open to the reader."""

    role = forms.ChoiceField(label="See the site as", widget=forms.RadioSelect)

    def __init__(self, *args: Any, roles: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(role, role.replace("_", " ").capitalize()) for role in roles]
        self.fields["role"].choices = named  # type: ignore[attr-defined]
