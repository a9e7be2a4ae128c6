"""What the audit log is searched and filtered by."""

from datetime import UTC, date, datetime, time, timedelta

from django import forms

from portal.accounts.audit_search import Wanted
from portal.core.log import sentences
from portal.web.forms.review import FilterForm


def _search() -> forms.TextInput:
    return forms.TextInput(attrs={"type": "search"})


def _groups() -> list[tuple[str, str]]:
    nouns = [(noun, noun.replace("_", " ").capitalize()) for noun in sentences.groups()]
    return [("", "Everything"), *nouns]


def _end_of(day: date) -> datetime:
    """The midnight after the day; of the calendar's last day its last moment, as no day follows."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(day + timedelta(days=1), time(), UTC)


class AuditFilterForm(FilterForm):
    words = forms.CharField(label="Kind, id or person", required=False, max_length=200, widget=_search())
    group = forms.ChoiceField(label="About", required=False, choices=_groups)
    person = forms.CharField(label="By whom: name or mail", required=False, max_length=200, widget=_search())
    subject = forms.CharField(label="On what: its id", required=False, max_length=96, widget=_search())
    after = forms.DateField(
        label="From (UTC)", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(label="To (UTC)", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def wanted(self) -> Wanted:
        """The filters in the words of the search: both days are included."""
        said = {name: value for name, value in self.filters.items() if name not in ("after", "until")}
        after, until = self.filters.get("after"), self.filters.get("until")
        return Wanted(
            **said,
            after=datetime.combine(after, time(), UTC) if after else None,
            before=_end_of(until) if until else None,
        )
