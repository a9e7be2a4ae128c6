"""What a release manager says of a revision."""

from typing import Any

from django import forms


class RecallForm(forms.Form):
    """verbs: the moves that are open now, as (verb, label)."""

    reason = forms.CharField(
        label="Reason",
        help_text="Everybody who was given headers reads this, by mail; so does who looks at the release.",
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say why: recipients read this."},
    )

    def __init__(self, *args: Any, verbs: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["verb"] = forms.ChoiceField(
            label="What to do",
            choices=verbs,
            widget=forms.RadioSelect,
            error_messages={"required": "Choose what to do."},
        )
        self.order_fields(["verb", "reason"])
