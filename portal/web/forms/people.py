"""What an administrator writes about people: a search, a role to propose, a reason."""

from typing import Any

from django import forms
from django.http import QueryDict

from portal.accounts.changes import MAX_REASON_CHARACTERS
from portal.accounts.directory import PeopleWanted
from portal.accounts.matrix import MATRIX

_ROLES = [(role, role.replace("_", " ").capitalize()) for role in MATRIX]
_STATES = [("", "All accounts"), ("active", "Active"), ("disabled", "Disabled"), ("erased", "Erased")]


class PeopleFilterForm(forms.Form):
    text = forms.CharField(label="Name, address or organization", required=False, max_length=200)
    role = forms.ChoiceField(label="Role", required=False, choices=[("", "Any role"), *_ROLES])
    state = forms.ChoiceField(label="Account", required=False, choices=_STATES)

    @property
    def filters(self) -> dict[str, str]:
        """What narrows the list; what cannot be read narrows nothing."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def wanted(self) -> PeopleWanted:
        return PeopleWanted(**self.filters)

    @property
    def query(self) -> str:
        """The filter as the start of an address's query, for the links to other pages."""
        query = QueryDict(mutable=True)
        query.update(self.filters)
        return f"{query.urlencode()}&" if query else ""


class PersonForm(forms.Form):
    """One change of an account. verbs: those that are open, as (name, label)."""

    verb = forms.ChoiceField(label="What", widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Why",
        max_length=MAX_REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept in the log, and read by whoever has to confirm it.",
    )

    def __init__(self, *args: Any, verbs: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["verb"].choices = verbs  # type: ignore[attr-defined]
