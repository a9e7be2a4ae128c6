"""What every filter of a staff list shares."""

from typing import Any

from django import forms
from django.utils.http import urlencode


class FilterForm(forms.Form):
    """Filters of a list, from its address. What is not understood filters nothing."""

    @property
    def filters(self) -> dict[str, Any]:
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def query(self) -> str:
        """The filters again, to go before "page=" in an address."""
        return f"{urlencode(self.filters)}&" if self.filters else ""
