"""A reason that staff keep ready."""

from django import forms

from licenses.actions.reasons import MAX_TITLE_CHARACTERS
from portal.web.words import WORDS


class ReasonForm(forms.Form):
    verdict = forms.ChoiceField(
        label="For which verdict",
        choices=[(value, said.text) for value, said in WORDS["reason"].items()],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what it is a reason for."},
    )
    title = forms.CharField(
        label="Name",
        help_text="By which reviewers find it. Applicants do not read it.",
        max_length=MAX_TITLE_CHARACTERS,
        error_messages={"required": "Give it a name by which you find it."},
    )
    text = forms.CharField(
        label="Text",
        help_text="Applicants read this. A reviewer can change it before it is sent.",
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Write the reason."},
    )
