"""What the ledger is filtered by, and the note on an alert."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.http import urlencode

from portal.web.forms.review import FilterForm
from weights_vault.actions.alerts import MAX_NOTE_CHARACTERS
from weights_vault.ledger.listing import Wanted


class LedgerFilterForm(FilterForm):
    """releases: (slug, title) of those to choose from."""

    release = forms.ChoiceField(label="Release", required=False)
    person = forms.CharField(
        label="Person: name or mail",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    grant = forms.CharField(
        label="Grant: its id",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    days = forms.ChoiceField(
        label="Seen in",
        required=False,
        choices=[("", "All time"), ("1", "24 hours"), ("7", "7 days"), ("30", "30 days"), ("365", "A year")],
    )

    def __init__(self, *args: Any, releases: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["release"].choices = [("", "All"), *releases]  # type: ignore[attr-defined]

    def wanted(self, now: datetime) -> Wanted:
        """The filters in the words of the query."""
        chosen = {name: value for name, value in self.filters.items() if name != "days"}
        days = self.filters.get("days")
        return Wanted(**chosen, after=now - timedelta(days=int(days)) if days else None)

    def csv_query(self, now: datetime) -> str:
        """The filters for the CSV's address."""
        wanted = self.wanted(now)
        said = {"release": wanted.release, "person": wanted.person, "grant": wanted.grant}
        after = {"after": wanted.after.isoformat(timespec="seconds")} if wanted.after else {}
        return urlencode({**{name: value for name, value in said.items() if value}, **after})


class NoteForm(forms.Form):
    note = forms.CharField(
        label="What you found",
        help_text="Other release managers read this, and it stands in the audit log.",
        max_length=MAX_NOTE_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Write what you found."},
    )
