"""The request form: the release's own questions, and the license under which one asks."""

from typing import Any

from django import forms
from django.forms import BoundField

from licenses.questionnaire import Question, check_answers
from portal.core.problems import Invalid

_PREFIX = "answer_"
_MOST_RADIOS = 6


class QuestionnaireForm(forms.Form):
    """Builds itself from the questions of a release; what is wrong with an answer, the domain says.

    complete: the request is to be sent, so that every required question must be answered.
    """

    license_sha256 = forms.CharField(widget=forms.HiddenInput, required=False)
    idempotency_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    license_read = forms.BooleanField(
        label="I have read this license and ask under its terms",
        help_text="You sign it only after an approval.",
        required=False,
    )

    def __init__(self, *args: Any, questions: list[Question], complete: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        self.complete = complete
        for question in questions:
            field = _field(question)
            # The domain demands an answer, at the right time; the browser must let a draft be saved.
            field.widget.is_required = bool(question["required"])
            self.fields[_PREFIX + question["id"]] = field
        self.order_fields([_PREFIX + question["id"] for question in questions])

    @property
    def answers(self) -> list[BoundField]:
        return [field for field in self if field.name.startswith(_PREFIX)]

    @property
    def agreement(self) -> list[BoundField]:
        # The hash stands in the page itself: a form shown again must name the text that it then shows.
        return [self["license_read"], self["idempotency_key"]]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        given = {
            question["id"]: cleaned[_PREFIX + question["id"]]
            for question in self.questions
            if _PREFIX + question["id"] in cleaned
        }
        kept, errors = check_answers(self.questions, given, complete=self.complete)
        self.add_faults(errors)
        if self.complete and not cleaned.get("license_read"):
            self.add_error(
                "license_read", "Please read the license and confirm it before you send the request."
            )
        return {**cleaned, "answers": kept}

    def add_faults(self, errors: dict[str, list[str]]) -> None:
        """Put the domain's errors, by question id, beside the fields they speak of."""
        for name, messages in errors.items():
            field = _PREFIX + name if _PREFIX + name in self.fields else name if name in self.fields else None
            for message in messages:
                self.add_error(field, message)

    @staticmethod
    def initial_of(answers: dict[str, Any]) -> dict[str, Any]:
        """Form values from kept answers."""
        return {_PREFIX + name: value for name, value in answers.items()}


def _field(question: Question) -> forms.Field:
    said: dict[str, Any] = {
        "label": question["label"],
        "help_text": question.get("help", ""),
        "required": False,
    }
    match question["kind"]:
        case "long_text":
            return forms.CharField(widget=forms.Textarea(attrs={"rows": 6}), **said)
        case "confirm":
            return forms.BooleanField(**said)
        case "choice":
            return _choice(question["choices"], said)
    return forms.CharField(**said)


def _choice(choices: list[str], said: dict[str, Any]) -> forms.Field:
    pairs = [(choice, choice) for choice in choices]
    if len(pairs) <= _MOST_RADIOS:
        return forms.ChoiceField(choices=pairs, widget=forms.RadioSelect, **said)
    return forms.ChoiceField(choices=[("", "Choose one"), *pairs], **said)


def add_problem(form: forms.Form, problem: Invalid) -> None:
    """Show a domain error at the fields it names, and what names none at the top."""
    for name, messages in problem.errors.items():
        for message in messages:
            form.add_error(name if name in form.fields else None, message)
    if not problem.errors:
        form.add_error(None, f"{problem.detail} {problem.next_step}".strip())
