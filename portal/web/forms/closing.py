"""What a holder certifies when they close a grant."""

from datetime import UTC, datetime
from typing import Any

from django import forms

from licenses.actions.closing import MOST_COPIES
from portal.accounts.models import User
from portal.web.forms.requests import name_of


class CloseOutForm(forms.Form):
    """starts: of the grant. now: no copy is destroyed later than that. signer: whose name it must be."""

    copies = forms.IntegerField(
        label="How many copies did you have?",
        help_text="Every place counts: machines, cluster storage, backups, what others hold for you.",
        min_value=0,
        max_value=MOST_COPIES,
    )
    method = forms.CharField(
        label="How were they destroyed?",
        help_text="So that somebody can check it: what was deleted or shredded where, and the backups.",
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    destroyed_on = forms.DateField(
        label="When was the last one destroyed?",
        help_text="A day between the start of your grant and today (UTC). Without copies: today.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    certain = forms.BooleanField(
        label="Every copy is destroyed, and none can be restored",
        error_messages={"required": "Please make sure of this, and tick it, before you certify."},
    )
    typed_name = forms.CharField(
        label="Type your full name to certify",
        help_text="As it stands in your account. It becomes part of the certificate, with the time.",
        max_length=200,
        widget=forms.TextInput(attrs={"class": "signature-input", "autocomplete": "off"}),
    )

    def __init__(self, data: Any, *, starts: datetime, now: datetime, signer: User) -> None:
        super().__init__(data)
        self.signer = signer
        day = self.fields["destroyed_on"].widget.attrs
        day["min"], day["max"] = (f"{moment.astimezone(UTC):%Y-%m-%d}" for moment in (starts, now))

    def clean_typed_name(self) -> str:
        return name_of(self.signer, self.cleaned_data["typed_name"])

    @property
    def certified(self) -> dict[str, Any]:
        """What the action takes: all of it but the tick."""
        return {name: value for name, value in self.cleaned_data.items() if name != "certain"}
