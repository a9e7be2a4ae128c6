"""What an administrator writes about people: a search, a role to propose, a reason."""

from typing import Any

from django import forms

from portal.accounts.changes import MAX_REASON_CHARACTERS
from portal.accounts.directory import PeopleWanted
from portal.accounts.matrix import MATRIX
from portal.web.forms.review import FilterForm
from portal.web.words import word

_ROLES = [(role, word("role", role).text) for role in MATRIX]
_STATES = [("", "All accounts"), ("active", "Active"), ("disabled", "Disabled"), ("erased", "Erased")]


class PeopleFilterForm(FilterForm):
    text = forms.CharField(label="Name, address or organization", required=False, max_length=200)
    role = forms.ChoiceField(label="Role", required=False, choices=[("", "Any role"), *_ROLES])
    state = forms.ChoiceField(label="Account", required=False, choices=_STATES)

    @property
    def wanted(self) -> PeopleWanted:
        return PeopleWanted(**self.filters)


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
