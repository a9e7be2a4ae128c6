"""What narrows the queue, and the forms of its pages: views, desks, absences, one verdict on many."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.http import urlencode

from licenses.models import Request, Vote
from licenses.queries import QueueFilters
from licenses.queries.pages import SORTS
from licenses.tally import WORDS
from portal.accounts.countries import COUNTRIES
from portal.core.ids import could_be_id
from portal.web.forms.choosing import LongSelect
from portal.web.forms.review import FilterForm
from portal.web.forms.verdict import Kept, grouped

Choices = list[tuple[str, str]]
IN_REVIEW = Request.State.SUBMITTED.value
ROWS = 50
SORT_LABELS = {
    "oldest": "Oldest first",
    "due": "Target due first",
    "newest": "Newest first",
    "changed": "Last change first",
}


class QueueFilterForm(FilterForm):
    """Every part of the filter from the address. Sort and rows change how it is shown, not what it holds."""

    text = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={"type": "search", "data-key": "/", "data-key-label": "Search", "autocomplete": "off"}
        ),
    )
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[
            ("", "In review"),
            ("all", "All"),
            *((value, label) for value, label in Request.State.choices if value not in (IN_REVIEW, "draft")),
        ],
    )
    sort = forms.ChoiceField(
        label="Order",
        required=False,
        choices=[("" if name == "oldest" else name, SORT_LABELS[name]) for name in SORTS],
    )
    awaiting = forms.ChoiceField(
        label="Vote", required=False, choices=[("", "Any"), ("me", "Waiting for mine")]
    )
    assignee = forms.ChoiceField(label="On the desk of", required=False, widget=LongSelect)
    release = forms.ChoiceField(label="Release", required=False, widget=LongSelect)
    organization = forms.CharField(label="Organization", required=False, max_length=200)
    country = forms.ChoiceField(
        label="Country", required=False, choices=[("", "Any"), *COUNTRIES], widget=LongSelect
    )
    overdue = forms.BooleanField(label="Over the target", required=False)
    split = forms.BooleanField(label="Split votes", required=False)
    appeal = forms.BooleanField(label="Appeals", required=False)
    asked = forms.BooleanField(label="Waiting for an answer", required=False)
    renewal = forms.BooleanField(label="Renewals", required=False)
    rows = forms.TypedChoiceField(
        label="Rows",
        required=False,
        coerce=int,
        choices=[("", str(ROWS)), (25, "25"), (100, "100")],
        empty_value=None,
    )

    def __init__(self, data: Any, *, releases: Choices, reviewers: Choices) -> None:
        super().__init__(data)
        self.fields["release"].choices = [("", "Any"), *releases]  # type: ignore[attr-defined]
        self.fields["assignee"].choices = [  # type: ignore[attr-defined]
            ("", "Anybody or nobody"),
            ("me", "Me"),
            ("nobody", "Nobody"),
            ("somebody", "Somebody"),
            *reviewers,
        ]

    @property
    def wanted(self) -> QueueFilters:
        """The filters in the words of the query."""
        return wanted_by(self.filters)

    @property
    def narrowing(self) -> dict[str, Any]:
        """What decides which requests are shown, without order and number of rows: what a view keeps."""
        return {name: value for name, value in self.filters.items() if name not in ("sort", "rows")}

    @property
    def view(self) -> str:
        """The same as it stands in an address."""
        return address_of(self.narrowing)

    @property
    def refined(self) -> bool:
        """Something beyond search, state and order is chosen: the page then shows all the fields."""
        return bool(set(self.narrowing) - {"text", "state"})

    @property
    def first(self) -> list[forms.BoundField]:
        """The fields that are always shown; then those of the details, and their boxes to check."""
        return self._bound("text", "state", "sort")

    @property
    def details(self) -> list[forms.BoundField]:
        return self._bound("awaiting", "assignee", "release", "organization", "country", "rows")

    @property
    def checks(self) -> list[forms.BoundField]:
        return self._bound("overdue", "split", "appeal", "asked", "renewal")

    def _bound(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names]

    @property
    def size(self) -> int:
        return int(self.filters.get("rows") or ROWS)


def wanted_by(filters: dict[str, Any]) -> QueueFilters:
    """The filters of a form or of a view as the query takes them."""
    state = filters.get("state", IN_REVIEW)
    return QueueFilters(
        state="" if state == "all" else state,
        awaiting_me=filters.get("awaiting") == "me",
        release=filters.get("release", ""),
        organization=filters.get("organization", ""),
        country=filters.get("country", ""),
        assignee=filters.get("assignee", ""),
        split=bool(filters.get("split")),
        appeal=bool(filters.get("appeal")),
        asked=bool(filters.get("asked")),
        overdue=bool(filters.get("overdue")),
        renewal=bool(filters.get("renewal")),
        text=filters.get("text", ""),
    )


def address_of(filters: dict[str, Any]) -> str:
    """The filters as a query string, in one order, so that the same filter is the same text."""
    said = {name: "on" if value is True else value for name, value in filters.items() if value}
    return urlencode(sorted(said.items()))


class ViewForm(forms.Form):
    """A name for the filter that is shown."""

    query = forms.CharField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(label="Name of the view", max_length=80)
    shared = forms.BooleanField(label="For the whole desk", required=False)


class ChosenForm(forms.Form):
    """The requests that were selected, at most 100, by id."""

    selected = forms.MultipleChoiceField(required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        given = data.getlist("selected") if data is not None else []
        # Which of them there are is asked of the database, as the reader may see them.
        self.fields["selected"].choices = [(each, each) for each in given]  # type: ignore[attr-defined]

    @property
    def ids(self) -> list[str]:
        self.full_clean()
        chosen = self.cleaned_data.get("selected", [])
        return list(dict.fromkeys(each for each in chosen if could_be_id(each)))


class BulkVerdictForm(forms.Form):
    """One verdict for all that is listed: `ballot` holds each request with the version that was listed.

    reasons: those that staff keep ready.
    """

    verdict = forms.ChoiceField(
        label="Verdict on all of them",
        choices=list(WORDS.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a verdict."},
    )
    kept = forms.CharField(label="A reason kept ready", required=False, widget=forms.Select)
    reason = forms.CharField(
        label="Reason",
        help_text="Every one of these applicants reads this. Needed unless you approve.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    note = forms.CharField(
        label="Note for staff",
        help_text="No applicant sees this.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: Any = None, *, reasons: Sequence[Kept] = (), **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        offered: Any = self.fields["kept"].widget
        offered.choices = [("", "Choose…"), *grouped(reasons)]
        given = data.getlist("ballot") if data is not None else []
        pieces = [ballot[:80].partition(":") for ballot in given]
        self.ballots = {
            id: int(version) for id, _, version in pieces if could_be_id(id) and version.isdecimal()
        }

    @property
    def said(self) -> dict[str, Any]:
        """What each vote takes, once the form is valid."""
        return {name: self.cleaned_data[name] for name in ("verdict", "reason", "note")}

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if said.get("verdict") not in (None, Vote.Verdict.APPROVE) and not said.get("reason"):
            self.add_error("reason", "Say why: the applicants read this.")
        return said


class AbsenceForm(forms.Form):
    """From when to when, and who stands in."""

    starts_on = forms.DateField(
        label="First day", help_text="UTC, included.", widget=forms.DateInput(attrs={"type": "date"})
    )
    ends_on = forms.DateField(
        label="Last day", help_text="UTC, included.", widget=forms.DateInput(attrs={"type": "date"})
    )
    cover = forms.ChoiceField(
        label="Stands in",
        required=False,
        help_text="Gets your reminders, and sees what is on your desk among their own.",
    )

    def __init__(self, data: Any, *, reviewers: Choices) -> None:
        super().__init__(data)
        self.fields["cover"].choices = [("", "Nobody"), *reviewers]  # type: ignore[attr-defined]
