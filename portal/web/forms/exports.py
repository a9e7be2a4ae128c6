"""What to export, and why."""

from collections.abc import Mapping
from typing import Any

from django import forms

from portal.accounts.changes import MAX_REASON_CHARACTERS
from portal.accounts.exports import Export


class ExportForm(forms.Form):
    """offered: what the reader may propose, by name."""

    what = forms.ChoiceField(label="What", widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Why",
        max_length=MAX_REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Read by whoever has to confirm it.",
    )

    def __init__(self, *args: Any, offered: Mapping[str, Export], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(name, f"{export.title}: {export.what}") for name, export in offered.items()]
        self.fields["what"].choices = choices  # type: ignore[attr-defined]
