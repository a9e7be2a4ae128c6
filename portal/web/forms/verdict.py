"""What a reviewer says about a request: a verdict with its reason, a note, that they take no part."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django import forms

from licenses.models import ReasonTemplate, Vote
from licenses.queries import Reason
from licenses.tally import WORDS

Kept = Reason | ReasonTemplate
KEYS = {"approve": "a", "request_changes": "c", "reject": "d"}


class VerdictChoices(forms.RadioSelect):
    """One key each chooses a verdict; none gives it."""

    def create_option(self, name: str, value: Any, label: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, label, *args, **kwargs)
        if key := KEYS.get(str(value)):
            option["attrs"] |= {"data-key": key, "data-key-label": f"Choose “{WORDS[str(value)]}”"}
        return option


class VerdictForm(forms.Form):
    """The version stands in the form: a verdict counts for what was on this page, never for a later text.

    consequences: what each verdict would lead to now. reasons: those that staff keep ready.
    """

    version = forms.IntegerField(widget=forms.HiddenInput)
    verdict = forms.ChoiceField(
        label="Verdict", widget=VerdictChoices, error_messages={"required": "Choose a verdict."}
    )
    kept = forms.CharField(label="A reason kept ready", required=False, widget=forms.Select)
    reason = forms.CharField(
        label="Reason",
        help_text="The applicant reads this, as it stands here. Needed unless you approve.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    note = forms.CharField(
        label="Note for staff",
        help_text="Beside your vote. The applicant never sees this.",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "for-staff"}),
    )
    confirmed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        consequences: Mapping[str, str] | None = None,
        reasons: Sequence[Reason] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        told = consequences or {}
        choices = [
            (value, f"{label}: {told[value]}" if value in told else label) for value, label in WORDS.items()
        ]
        kept = [("", "Choose…"), *grouped(reasons)]
        cast(forms.ChoiceField, self.fields["verdict"]).choices = choices
        cast(forms.Select, self.fields["kept"].widget).choices = kept

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("verdict") not in (None, Vote.Verdict.APPROVE) and not given.get("reason"):
            self.add_error("reason", "Say why: the applicant reads this.")
        return given

    @property
    def said(self) -> dict[str, Any]:
        """What the vote takes, once the form is valid."""
        return {name: self.cleaned_data[name] for name in ("version", "verdict", "reason", "note")}

    @property
    def needs_confirmation(self) -> bool:
        """A refusal is shown once more, as the applicant will read it."""
        refuses = self.cleaned_data["verdict"] == Vote.Verdict.REJECT
        return refuses and not self.cleaned_data["confirmed"]


def grouped(reasons: Sequence[Kept]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The reasons as the choices of a select, by the verdict that each is for."""
    groups = {
        label: [(each.id, each.title) for each in reasons if each.verdict == value]
        for value, label in WORDS.items()
    }
    return [(label, rows) for label, rows in groups.items() if rows]


class RecusalForm(forms.Form):
    reason = forms.CharField(
        label="Why you take no part",
        help_text="Only staff read this. “I know the applicant” is enough.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why in a few words: staff read it."},
    )
