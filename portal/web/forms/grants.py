"""What narrows the staff's list of grants, and the forms that change one or many."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.http import QueryDict

from licenses.queries.grants import GrantFilters
from portal.core.ids import could_be_id
from portal.web.forms.review import FilterForm

Choices = list[tuple[str, str]]

STATES: Final = [
    ("", "All"),
    ("active", "Active"),
    ("ending", "Ending within 60 days"),
    ("reaccept", "New license to accept"),
    ("suspended", "Suspended"),
    ("affiliation", "Suspended: affiliation ended"),
    ("expired", "Expired"),
    ("revoked", "Revoked"),
    ("closed", "Closed out"),
]
VERBS: Final = {
    "extend": "Move the end: later, or sooner",
    "suspend": "Suspend: nothing is issued until it is resumed",
    "resume": "Resume: the holder may download again",
    "revoke": "Revoke: for good, it cannot be undone",
}


def _search() -> forms.TextInput:
    return forms.TextInput(attrs={"type": "search"})


class GrantFilterForm(FilterForm):
    state = forms.ChoiceField(label="State", required=False, choices=STATES)
    organization = forms.CharField(
        label="Given under organization", required=False, max_length=200, widget=_search()
    )
    license = forms.ChoiceField(label="License", required=False)
    release = forms.ChoiceField(label="Release", required=False)
    person = forms.CharField(
        label="Holder: name or mail",
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"type": "search", "data-key": "/", "data-key-label": "Search for a holder"}
        ),
    )

    def __init__(self, data: QueryDict, *, licenses: Choices, releases: Choices) -> None:
        super().__init__(data)
        for name, choices in (("license", licenses), ("release", releases)):
            field: Any = self.fields[name]
            field.choices = [("", "All"), *choices]

    @property
    def wanted(self) -> GrantFilters:
        """The filters in the words of the query."""
        return GrantFilters(**self.filters)


class ChosenGrants(forms.Form):
    """The grants that were selected, by id. all: those of this filter instead, as its address says it."""

    grant = forms.MultipleChoiceField(required=False)
    all = forms.CharField(required=False, max_length=1000)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        field: Any = self.fields["grant"]
        # Which of them there are is asked of the database, as the reader may see them.
        field.choices = [(each, each) for each in data.getlist("grant")]
        self.full_clean()

    @property
    def ids(self) -> list[str]:
        chosen = self.cleaned_data.get("grant", [])
        return list(dict.fromkeys(each for each in chosen if could_be_id(each)))

    @property
    def query(self) -> QueryDict | None:
        """The filter of which all grants are meant."""
        said = self.cleaned_data.get("all", "")
        return QueryDict(said) if said else None


class GrantChangeForm(forms.Form):
    """One change of one grant or of many. verbs: those that are offered. kept: reasons to begin with.
    ends_at: when the one grant ends now; its last day stands in the form."""

    verb = forms.ChoiceField(
        label="Change", widget=forms.RadioSelect, error_messages={"required": "Choose what to do."}
    )
    ends_at = forms.DateField(
        label="Last day of access",
        help_text="To move the end. Access holds through this day, in UTC.",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    reason = forms.CharField(
        label="Reason",
        help_text="The holder reads this, on the page, in the mail and in the command line.",
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say why: the holder reads this."},
    )
    kept = forms.ChoiceField(label="A reason kept ready", required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        verbs: list[str],
        kept: Choices,
        ends_at: datetime | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.ends = ends_at
        if ends_at is not None:
            self.fields["ends_at"].initial = _last_day(ends_at)
        verb: Any = self.fields["verb"]
        ready: Any = self.fields["kept"]
        verb.choices = [(each, VERBS[each]) for each in verbs]
        ready.choices = [("", "Choose…"), *kept]

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if said.get("verb") == "extend" and not said.get("ends_at") and "ends_at" not in self.errors:
            self.add_error("ends_at", "Say until when.")
        return said

    @property
    def change(self) -> dict[str, Any]:
        """What the action takes, once the form is valid: verb, reason, ends_at."""
        day = self.cleaned_data["ends_at"]
        end = self._end(day) if day else None
        verb = self.cleaned_data["verb"]
        return {
            "verb": verb,
            "reason": self.cleaned_data["reason"],
            "ends_at": end if verb == "extend" else None,
        }

    def _end(self, day: date) -> datetime:
        # The day that stood in the form is no change, at whatever time of it the grant ends.
        if self.ends is not None and day == _last_day(self.ends):
            return self.ends
        # Through a day is up to the beginning of the next.
        return datetime.combine(day, time.min, UTC) + timedelta(days=1)


def _last_day(ends_at: datetime) -> date:
    """The last day, in UTC, on which there is access: the end itself is not in it."""
    return (ends_at - timedelta.resolution).astimezone(UTC).date()
