"""What legal staff say and filter by."""

from typing import Any

from django import forms
from django.utils.http import urlencode

from licenses.models import Grant, Request, Vote
from licenses.queries import QueueFilters


class VerdictForm(forms.Form):
    """The version stands in the form: a verdict counts for what was on this page, never for a later text."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(
        label="Verdict",
        choices=[
            (Vote.Verdict.APPROVE.value, "Approve"),
            (Vote.Verdict.REQUEST_CHANGES.value, "Ask for changes"),
            (Vote.Verdict.REJECT.value, "Decline"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a verdict."},
    )
    reason = forms.CharField(
        label="Reason",
        help_text="The applicant reads this. Needed unless you approve.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    note = forms.CharField(
        label="Note for staff",
        help_text="The applicant never sees this.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


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


class QueueFilterForm(FilterForm):
    show = forms.ChoiceField(
        label="Show",
        required=False,
        choices=[
            ("", "In review"),
            ("mine", "Waiting for my vote"),
            ("split", "Split votes"),
            (Request.State.CHANGES_REQUESTED.value, "Changes requested"),
            (Request.State.APPROVED.value, "Approved, not signed"),
            (Request.State.SIGNED.value, "Signed"),
            (Request.State.REJECTED.value, "Declined"),
            (Request.State.LAPSED.value, "Lapsed"),
            (Request.State.WITHDRAWN.value, "Withdrawn"),
            ("all", "All"),
        ],
    )
    text = forms.CharField(
        label="Person or organization",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search"}),
    )

    @property
    def wanted(self) -> QueueFilters:
        """The filters in the words of the query."""
        chosen = self.filters
        show, text = chosen.get("show", ""), chosen.get("text", "")
        match show:
            case "":
                return QueueFilters(text=text)
            case "mine":
                return QueueFilters(awaiting_me=True, text=text)
            case "split":
                return QueueFilters(split=True, text=text)
            case "all":
                return QueueFilters(state="", text=text)
        return QueueFilters(state=show, text=text)


class GrantFilterForm(FilterForm):
    state = forms.ChoiceField(label="State", required=False, choices=[("", "All"), *Grant.State.choices])


class GrantChangeForm(forms.Form):
    """verbs: the changes that the rule allows now, as (verb, label)."""

    reason = forms.CharField(
        label="Reason",
        help_text="The holder reads this, on the page, in the mail and in the command line.",
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say why: the holder reads this."},
    )

    def __init__(self, *args: Any, verbs: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["verb"] = forms.ChoiceField(
            label="Change",
            choices=verbs,
            widget=forms.RadioSelect,
            error_messages={"required": "Choose what to do."},
        )
        self.order_fields(["verb", "reason"])
