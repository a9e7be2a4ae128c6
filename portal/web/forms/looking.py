"""As which role to look at the site."""

from typing import Any

from django import forms

from portal.web.words import word


class LookForm(forms.Form):
    """roles: those that are open to the reader."""

    role = forms.ChoiceField(label="See the site as", widget=forms.RadioSelect)

    def __init__(self, *args: Any, roles: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role, word("role", role).text) for role in roles]  # type: ignore[attr-defined]
